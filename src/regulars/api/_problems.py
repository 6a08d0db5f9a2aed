"""Every refusal as `application/problem+json` (RFC 9457), and the catalogue of all of them.

This is the only place that knows which HTTP status an error becomes. A request that does not fit the schema is 400; one
that fits and still cannot be done is 404, 409 or 422, whatever the domain's error says.
"""

import re
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
import psycopg
import structlog
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from msgspec import Meta, Struct
from psycopg_pool import PoolTimeout

from regulars.access import AnswerPending
from regulars.api._context import request_id
from regulars.errors import Conflict, Forbidden, Invalid, NotFound, RegularsError
from regulars.programme.drafts import DraftChanged
from regulars.programme.guesses import TooManyGuesses
from regulars.storage import DatabaseUnavailable, LaneFull

MEDIA_TYPE: Final = "application/problem+json"
# What only a notebook or `regulars analyze` can meet is not of this door, loaded or not.
_OURS: Final = re.compile(r"regulars\.(?!cli|console|demo|insight\.(?:churn|exports|frames|lifetime|report)\b)")
_log = structlog.get_logger("regulars.api")


class MalformedRequest(Invalid):
    """The request does not fit its description: {reason}."""


class UnstorableValue(Invalid):
    """A value in the request cannot be stored: {reason}."""


class KeyMissing(Forbidden):
    """This needs an API key: send the header `Authorization: Bearer rk_…`."""


class KeyUnknown(Forbidden):
    """The API key is unknown or was revoked."""


class NoSuchAddress(NotFound):
    """There is nothing at {path}."""


class MethodNotOffered(Invalid):
    """{path} does not take {method}."""


class UnsupportedMediaType(Invalid):
    """The body is {value!r}: send application/json."""


class BodyTooLarge(Invalid):
    """The body is too large: send at most {most} bytes, larger imports as a file with `regulars import`."""


class TooManyRequests(Conflict):
    """This key has made its {limit} requests of the minute: wait {retry_after} seconds."""

    retryable = True


class Unavailable(Conflict):
    """The database is busy or away: repeat the request in a few seconds."""

    retryable = True


class DiskFull(Conflict):
    """The database's disk is full, and nothing was changed: make room there, then repeat the request."""

    retryable = True


class InternalError(RegularsError):
    """Something went wrong here, and nothing was changed: the log has it under the request id."""


STATUS: Final[Mapping[type[RegularsError], int]] = {
    MalformedRequest: 400,
    UnstorableValue: 400,
    KeyMissing: 401,
    KeyUnknown: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotOffered: 405,
    Conflict: 409,
    DraftChanged: 412,
    BodyTooLarge: 413,
    UnsupportedMediaType: 415,
    Invalid: 422,
    TooManyGuesses: 429,
    TooManyRequests: 429,
    Unavailable: 503,
    DatabaseUnavailable: 503,
    LaneFull: 503,
    DiskFull: 507,
    RegularsError: 500,
}
"""The nearest class an error descends from decides."""

_RETRY_AFTER: Final[Mapping[type[RegularsError], int]] = {
    AnswerPending: 1,
    Unavailable: 2,
    DatabaseUnavailable: 5,
    DiskFull: 60,
}
_TOLD_ALREADY: Final = frozenset({"flaws", "reason", "remedy", "retry_after"})
BODY_LIMIT: Final = 16 * 1024 * 1024


class Flaw(Struct, omit_defaults=True):
    """One thing that is wrong with a request."""

    detail: Annotated[str, Meta(description="What is wrong, and what would do.")]
    pointer: Annotated[
        str | None,
        Meta(
            description="Where in the body, as a JSON pointer (RFC 6901) in a fragment.",
            examples=["#/lines/0/quantity"],
        ),
    ] = None
    parameter: Annotated[str | None, Meta(description="Which query parameter or header.", examples=["limit"])] = None


class Problem(Struct, omit_defaults=True):
    """Why a request was refused (RFC 9457). A refused request changed nothing."""

    type: Annotated[
        str, Meta(description="The address of this kind of problem.", examples=["/v1/errors/MemberNotFound"])
    ]
    title: Annotated[str, Meta(description="The kind of problem in words.", examples=["Member not found"])]
    status: Annotated[int, Meta(ge=400, le=599, description="The HTTP status.", examples=[404])]
    detail: Annotated[str, Meta(description="What happened here.", examples=["There is no member mem_04h8z2k1q9x0b."])]
    code: Annotated[str, Meta(description="The stable name a program can switch on.", examples=["MemberNotFound"])]
    instance: Annotated[
        str, Meta(description="The address that was asked.", examples=["/v1/members/mem_04h8z2k1q9x0b"])
    ]
    request_id: Annotated[str, Meta(description="What to look for in the log; also in X-Request-Id.")]
    retryable: Annotated[bool, Meta(description="Whether the same request may succeed later; see Retry-After.")]
    errors: Annotated[list[Flaw], Meta(description="What is wrong, item by item.")] = []
    details: Annotated[dict[str, Any], Meta(description="The values that the detail names, for programs.")] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of refusal, for the documentation."""

    code: str
    status: int
    title: str
    message: str
    retryable: bool


def status_of(kind: type[RegularsError]) -> int:
    """The HTTP status a kind of error becomes."""
    return next(STATUS[base] for base in kind.__mro__ if base in STATUS)


def title_of(kind: type[RegularsError]) -> str:
    """The kind in words: `MemberNotFound` is "Member not found"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).capitalize()


def catalogue() -> tuple[Entry, ...]:
    """Every refusal that this door or anything below it can answer with, by code."""
    kinds = {kind for kind in _descendants(RegularsError) if _OURS.match(kind.__module__)}
    kinds -= {NotFound, Conflict, Invalid, Forbidden}
    entries = (
        Entry(
            kind.__name__,
            status_of(kind),
            title_of(kind),
            " ".join((kind.__doc__ or "").partition("\n")[0].split()),
            kind.retryable,
        )
        for kind in kinds
    )
    return tuple(sorted(entries, key=lambda entry: entry.code))


def _descendants(kind: type[RegularsError]) -> Iterator[type[RegularsError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


def problem_of(error: RegularsError, *, path: str, asked: str, reading: bool = False) -> Problem:
    """The problem an error becomes, for a request to `path` with the id `asked`; `reading`: one without a body."""
    kind = type(error)
    details = {name: _plain(value) for name, value in error.details.items() if name not in _TOLD_ALREADY}
    return Problem(
        type=f"/v1/errors/{error.code}",
        title=title_of(kind),
        status=status_of(kind),
        detail=str(error)[:1000],
        code=error.code,
        instance=path,
        request_id=asked,
        retryable=error.retryable,
        errors=_flaws(error, reading=reading),
        details=details,
    )


def _pointer(field: str) -> str:
    """`earning[2].when` as a pointer: `#/earning/2/when`."""
    return "#/" + re.sub(r"\[(\d+)\]", r"/\1", field).replace(".", "/")


def _flaws(error: RegularsError, *, reading: bool) -> list[Flaw]:
    given = error.details.get("flaws")
    if isinstance(given, list):
        return given  # pyright: ignore[reportUnknownVariableType]
    field, remedy = error.details.get("field"), error.details.get("remedy")
    if isinstance(error, Invalid) and field is not None and status_of(type(error)) == 422:
        told = str(remedy or error)
        return [Flaw(told, parameter=str(field)) if reading else Flaw(told, pointer=_pointer(str(field)))]
    return []


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:200]


def refuse(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Turn whatever was raised into a problem response. Given to Litestar as the exception handler of `/v1`."""
    status, headers, content = refusal(request.scope, error)
    if isinstance(error, MethodNotAllowedException):
        headers |= error.headers or {}
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def refusal(scope: Any, error: Exception) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and content of the answer that whatever was raised becomes."""
    path, method, asked = scope["path"], scope["method"], request_id(scope)
    known = _as_ours(path, method, asked, error)
    if isinstance(known, InternalError):
        trace = "".join(traceback.format_exception(error))  # as text: with its values it would show keys and members
        _log.error("unexpected error", request_id=asked, path=path, traceback=trace)
    problem = problem_of(known, path=path, asked=asked, reading=method == "GET")
    headers: dict[str, str] = {}
    retry = known.details.get("retry_after") or _RETRY_AFTER.get(type(known))
    if retry is not None:
        headers["Retry-After"] = str(retry)
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="Regulars"'
    return problem.status, headers, msgspec.json.encode(problem)


def _as_ours(path: str, method: str, asked: str, error: Exception) -> RegularsError:
    if isinstance(error, RegularsError):
        return error
    if isinstance(error, HTTPException):
        return _of_framework(path, method, error)
    if isinstance(error, psycopg.DataError):  # what the schema did not catch; PostgreSQL did, and rolled back
        return UnstorableValue(reason=str(error).partition("\n")[0])
    if isinstance(error, psycopg.errors.DiskFull):
        _log.error("database disk full", request_id=asked, reason=str(error).partition("\n")[0])
        return DiskFull()
    if isinstance(error, psycopg.OperationalError | PoolTimeout):
        _log.warning("database unavailable", request_id=asked, reason=str(error))
        return Unavailable()
    return InternalError()


def _of_framework(path: str, method: str, error: HTTPException) -> RegularsError:
    if isinstance(error, NotFoundException):
        return NoSuchAddress(path=path)
    if isinstance(error, MethodNotAllowedException):
        return MethodNotOffered(path=path, method=method)
    if error.status_code == 413:
        return BodyTooLarge(most=BODY_LIMIT)
    if isinstance(error, ValidationException):  # the body is read by `ApiRequest`; only its absence comes here
        return MalformedRequest(reason="it needs a JSON body", flaws=[Flaw("Send a JSON object.", pointer="#")])
    if 400 <= error.status_code < 500:
        return MalformedRequest(reason=error.detail)
    return InternalError()
