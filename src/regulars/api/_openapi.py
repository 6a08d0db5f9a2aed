"""The OpenAPI 3.1 description, made from the routes themselves: their paths, types, docstrings, roles and refusals.

Schemas come from msgspec, which also reads the requests, so that what is described is what is checked.
"""

import inspect
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import metadata
from typing import Any, Final, cast, get_args, get_type_hints

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec.structs import FieldInfo, fields

from regulars.access import PERMISSIONS, AnswerPending, NotAllowed, RequestReused
from regulars.api._problems import (
    MEDIA_TYPE,
    BodyTooLarge,
    DiskFull,
    KeyMissing,
    KeyUnknown,
    MalformedRequest,
    Problem,
    TooManyRequests,
    Unavailable,
    UnsupportedMediaType,
    status_of,
)
from regulars.api._requests import query_type
from regulars.errors import RegularsError

_REF: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"
_ABOUT: Final = """
Everything the console can do with members, orders, points and figures, a program can do here.

**Keys.** Every request carries `Authorization: Bearer rk_…`. A key has a role (viewer, agent, manager, owner); each
operation names the least one that will do. `regulars keys issue` makes a key.

**Naming a member.** By our id, `mem_…`, or by any name the outside world has for them, as `issuer:value`:
`email:ada@example.com`, `phone:+442079460000`, the shop's customer number `uk:17850`, or `ext:4711` for one you enrolled
under your own number.

**Money and points** are whole numbers: minor units (pence, fen) of the currency named beside them.

**Repeating a request** is safe. Orders, returns and spends have a number of your own and are done once. Any POST or
PATCH also takes an `Idempotency-Key`: for seven days at least, the same request with the same key gets the first answer
again, marked `Idempotency-Replayed: true`, and does nothing; another request with that key is refused. Refusals are not
kept: they changed nothing, so the request may be sent again.

**Trying out.** `?dry_run=true` on any POST or PATCH does everything, answers, and rolls it back (`Dry-Run: true`).

**Pages.** Lists answer `{"items": […], "next": "…"}`. Ask again with `after` set to `next` until it is null.

**Unchanged?** GET answers carry an `ETag`; send it as `If-None-Match` and get 304 while nothing has changed.

**The past.** Points, statements, tiers and totals can be read `as_of` any instant of the world, `known_at` any instant of the
ledger. `As-Known-At` in such answers says up to when everything posted is in them, `Read-From` whether a replica gave them.

**Webhooks** send every fact to addresses of yours, signed as Standard Webhooks says. See how to receive them in
`docs/howto/receive-webhooks.md`.

**Refusals** are `application/problem+json` (RFC 9457) with a stable `code`, a pointer to what is wrong, and whether
repeating may help. A refused request changed nothing.

**Limits.** `RateLimit-Limit`, `-Remaining` and `-Reset` are in every answer; beyond the limit the answer is 429 with
`Retry-After`.

**Finding a request again.** `X-Request-Id` is in every answer and in the log; send your own and it is used.
""".strip()

PATHS: Final = {
    "member": ("A member: our id, or `issuer:value`, see above.", "mem_04h8z2k1q9x0b"),
    "order": ("An order: our id, or `shop:number`, for instance `uk:536365`.", "ord_04h8z2k1q9x0b"),
    "return_id": ("A return.", "ret_04h8z2k1q9x0b"),
    "household": ("A household.", "hou_04h8z2k1q9x0b"),
    "decision": ("A decision.", "dec_0000000000001"),
    "referral": ("A referral.", "rfl_04h8z2k1q9x0b"),
    "adjustment": ("An adjustment.", "adj_04h8z2k1q9x0b"),
    "endpoint": ("A webhook endpoint.", "whe_04h8z2k1q9x0b"),
    "delivery": ("A webhook delivery.", "whd_0000000000001"),
    "replay": ("A replay.", "rpl_04h8z2k1q9x0b"),
    "draft": ("A draft of the programme.", "drf_04h8z2k1q9x0b"),
    "version": ("The number of a version of the programme.", "1"),
    "what_if_id": ("A what-if.", "wif_04h8z2k1q9x0b"),
    "import_id": ("An import.", "imp_04h8z2k1q9x0b"),
    "name": ("The name of a measure.", "repurchase_rate"),
    "tier_set": ("A set of tiers, by its code.", "main"),
    "benefit": ("A benefit, by its code.", "shipping"),
    "grant": ("A tier given.", "tgr_04h8z2k1q9x0b"),
    "pool": ("A coupon pool, by its code.", "summer"),
    "reward": ("A reward, by its code.", "pound_off"),
    "redemption": ("A reward on its way to a member.", "rdm_04h8z2k1q9x0b"),
    "card": ("A gift card.", "gft_04h8z2k1q9x0b"),
    "period": ("A month of the books.", "2026-10"),
    "campaign": ("A campaign, by its code.", "member_day"),
    "budget": ("A budget, by its code.", "festival"),
    "undo": ("An undo of what a campaign gave.", "und_04h8z2k1q9x0b"),
    "salon": ("A salon, by its code.", "tea"),
    "signup": ("A member's sign-up for a salon.", "sgn_04h8z2k1q9x0b"),
}


def document(handlers: Iterable[HTTPRouteHandler]) -> dict[str, Any]:
    """The OpenAPI document of these routes, mounted under `/v1`."""
    handlers = tuple(handlers)
    routes = sorted(handlers, key=lambda handler: (min(handler.paths), sorted(handler.http_methods)))
    components = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for handler in routes:
        for path in sorted(handler.paths):
            method = next(iter(handler.http_methods)).lower()
            paths.setdefault("/v1" + re.sub(r"{(\w+):\w+}", r"{\1}", path), {})[method] = _operation(handler)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Regulars",
            "version": metadata.version("regulars"),
            "summary": "Customer loyalty for online shops: members, orders, points, tiers and figures.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(tag for handler in handlers for tag in handler.tags or ())],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key, `rk_…`."},
            },
            "schemas": components,
        },
    }


def _schemas(routes: Sequence[HTTPRouteHandler]) -> dict[str, Any]:
    types: list[Any] = [Problem]
    for handler in routes:
        types += [kind for kind in (_body(handler), _content(handler)) if kind is not None]
        types += [field.type for field in fields(query_type(handler))]
    schemas = msgspec.json.schema_components(types, ref_template=_REF)[1]
    return {name: _tidy(schema) for name, schema in sorted(schemas.items())}


def _tidy(schema: Any) -> Any:
    """Say the type of an enumeration, and take the indentation of the source out of descriptions."""
    if isinstance(schema, list):
        return [_tidy(one) for one in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    tidy = {name: _tidy(one) for name, one in cast("dict[str, Any]", schema).items()}
    if isinstance(tidy.get("enum"), list) and all(isinstance(one, str) for one in tidy["enum"]):
        tidy = {"type": "string", **tidy}
    if isinstance(tidy.get("description"), str):
        tidy["description"] = inspect.cleandoc(tidy["description"])
    return tidy


def _hints(handler: HTTPRouteHandler) -> dict[str, Any]:
    return get_type_hints(handler.fn, include_extras=True)


def _body(handler: HTTPRouteHandler) -> Any:
    return _hints(handler).get("data")


def _content(handler: HTTPRouteHandler) -> Any:
    """`T` of the `Response[T]` a handler answers with; None when it is no JSON."""
    inner = get_args(_hints(handler)["return"])
    return inner[0] if inner and inner[0] not in (str, bytes) else None


def _schema(kind: Any) -> dict[str, Any]:
    return _tidy(msgspec.json.schema_components([kind], ref_template=_REF)[0][0])


def _operation(handler: HTTPRouteHandler) -> dict[str, Any]:
    summary, _, description = inspect.cleandoc(handler.fn.__doc__ or "").partition("\n\n")
    permission = handler.opt["permission"]
    role = f"Needs the role {PERMISSIONS[permission].value}."
    operation: dict[str, Any] = {
        "operationId": handler.fn.__name__,
        "tags": list(handler.tags or ()),
        "summary": " ".join(summary.split()).rstrip("."),
        "description": (description.strip() + "\n\n" + role).strip(),
        "parameters": [*_path_parameters(handler), *_query_parameters(handler), *_headers(handler)],
    }
    body = _body(handler)
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": _schema(body)}}}
    operation["responses"] = _responses(handler)
    return operation


def _path_parameters(handler: HTTPRouteHandler) -> list[dict[str, Any]]:
    [path] = handler.paths
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATHS[name][0],
            "schema": {"type": "string"},
            "example": PATHS[name][1],
        }
        for name in re.findall(r"{(\w+):\w+}", path)
    ]


def _query_parameters(handler: HTTPRouteHandler) -> list[dict[str, Any]]:
    return [_query_parameter(field) for field in fields(query_type(handler))]


def _query_parameter(field: FieldInfo) -> dict[str, Any]:
    schema = _schema(field.type)
    if "anyOf" in schema:  # a query has no null: leaving it out is null
        kept = [one for one in schema.pop("anyOf") if one != {"type": "null"}]
        schema |= kept[0] if len(kept) == 1 else {"anyOf": kept}
    if field.default not in (msgspec.NODEFAULT, None):
        schema["default"] = field.default
    parameter = {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}
    description = schema.pop("description", None) or _DESCRIPTIONS.get(field.encode_name)
    return parameter | ({"description": description} if description else {})


_DESCRIPTIONS: Final = {"dry_run": "Do it, answer, and roll it back."}


def _headers(handler: HTTPRouteHandler) -> list[dict[str, Any]]:
    if handler.http_methods == {"GET"}:
        return []
    match = {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "The `ETag` of what was read: if it has changed since, the request is refused.",
        "schema": {"type": "string", "pattern": '^"[0-9]{1,9}-[a-z]{1,20}"$'},
        "example": '"1-open"',
    }
    return [
        *([match] if handler.opt.get("matching") else []),
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "Your own key for this request: repeated with it, it is done once. Kept for seven days at least.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
            "example": "0f8fad5b-d9cb-469f-a165-70867728950e",
        },
    ]


def _responses(handler: HTTPRouteHandler) -> dict[str, Any]:
    content = _content(handler)
    answer: dict[str, Any] = {"content": {_JSON: {"schema": _schema(content)}}} if content is not None else {}
    files = handler.opt.get("files", ())
    if files:
        answer = {"content": {media: {"schema": {"type": "string"}} for media in files}}
    responses = {str(handler.status_code): {"description": "Done.", **answer}}
    for status in handler.opt.get("statuses", ()):
        responses[str(status)] = {"description": "It was so already, or was added to.", **answer}
    by_status: dict[int, list[str]] = {}
    for refusal in _refusals(handler):
        by_status.setdefault(status_of(refusal), []).append(f"`{refusal.__name__}`")
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = _problem(", ".join(dict.fromkeys(codes)))
    return responses


def _refusals(handler: HTTPRouteHandler) -> tuple[type[RegularsError], ...]:
    always = (MalformedRequest, KeyMissing, KeyUnknown, NotAllowed, TooManyRequests, Unavailable, DiskFull)
    refusals: tuple[type[RegularsError], ...] = (*always, *handler.opt["refusals"])
    if handler.http_methods != {"GET"}:
        refusals += (AnswerPending, RequestReused)
    if _body(handler) is not None:
        refusals += (UnsupportedMediaType, BodyTooLarge)
    return refusals


@cache
def _problem(codes: str) -> dict[str, Any]:
    return {
        "description": f"Refused: {codes}.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
