"""The HTTP API, under `/v1`: nouns, strict requests, answers once, refusals as problem+json.

The invariant: a request that was refused changed nothing; a request answered twice was done once; and what the OpenAPI
document describes is what is checked, because both are made from the same types.

    app = App(settings, database, clock)
    Litestar(create_api(app).routes)                # `regulars.asgi.create_asgi` joins it with the console
    python -m regulars.api docs/reference           # writes openapi.json and errors.md
"""

from regulars.api._application import Api, create_api, openapi_document
from regulars.api._context import answer_headers, caller_of, request_id
from regulars.api._problems import BODY_LIMIT, catalogue, refuse
from regulars.api._reference import reference_pages

__all__ = [
    "BODY_LIMIT",
    "Api",
    "answer_headers",
    "caller_of",
    "catalogue",
    "create_api",
    "openapi_document",
    "reference_pages",
    "refuse",
    "request_id",
]
