"""What the API says of itself: the OpenAPI document, a page to read and try it, and every kind of problem."""

from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from regulars.api._openapi import document
from regulars.api._problems import catalogue
from regulars.errors import NotFound


class ProblemNotFound(NotFound):
    """There is no kind of problem {code!r}."""


# Everything comes from here: no other server is asked, and no script stands in the page.
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Regulars API</title>
<link rel="icon" href="/static/icon.svg">
<link rel="stylesheet" href="/static/vendor/swagger-ui.css?v={version}">
</head>
<body>
<div id="docs"></div>
<script src="/static/vendor/swagger-ui-bundle.js?v={version}"></script>
<script src="/v1/docs/start.js"></script>
</body>
</html>
"""
_START: Final = """window.ui = SwaggerUIBundle({
  url: "/v1/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
});
"""
_HEADERS: Final = {"Cache-Control": "no-cache"}


@cache
def _described(handlers: tuple[HTTPRouteHandler, ...]) -> bytes:
    """The OpenAPI document as it is sent; it takes 0.15 s to make, and is the same for every installation."""
    return msgspec.json.encode(document(handlers))


def documentation(described: tuple[HTTPRouteHandler, ...]) -> list[HTTPRouteHandler]:
    """The addresses under `/v1` that need no key, about the routes `described`."""
    text = _described(described)
    page = _PAGE.format(version=metadata.version("regulars"))
    kinds: Mapping[str, Any] = {entry.code: entry for entry in catalogue()}

    @get("/openapi.json", sync_to_thread=False)
    def openapi_json() -> Response[bytes]:
        return Response(text, media_type="application/json", headers=_HEADERS)

    @get("/docs", sync_to_thread=False)
    def docs_page() -> Response[str]:
        return Response(page, media_type="text/html", headers=_HEADERS)

    @get("/docs/start.js", sync_to_thread=False)
    def docs_start() -> Response[str]:
        return Response(_START, media_type="text/javascript", headers=_HEADERS)

    @get("/errors/{code:str}", sync_to_thread=False)
    def problem_kind(code: FromPath[str]) -> Response[bytes]:
        if code not in kinds:
            raise ProblemNotFound(code=code)
        return Response(msgspec.json.encode(kinds[code]), media_type="application/json", headers=_HEADERS)

    return [openapi_json, docs_page, docs_start, problem_kind]
