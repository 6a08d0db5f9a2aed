"""Reading a request strictly: the key it comes with, its query, its body, its Idempotency-Key.

Litestar would turn `"5"` into 5 and 5 into a point in time; a programme of points should rather be told.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Literal, cast

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct
from msgspec.inspect import IntType, Metadata, NoneType, Type, UnionType, type_info
from msgspec.structs import fields

from regulars.api._problems import Flaw, MalformedRequest, UnsupportedMediaType

_TOKEN: Final = re.compile(r"(?i:bearer) +(\S+)")
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]{1,255}")
_WHOLE: Final = re.compile(r"-?[0-9]{1,30}")
_PATH: Final = re.compile(r" - at (?:`(?:key|value)` in )?`\$(?P<path>[^`]*)`$")


class Nothing(Struct, forbid_unknown_fields=True):
    """No query."""


class Writing(Struct, forbid_unknown_fields=True):
    """What every request that changes something takes."""

    dry_run: Literal["true", "false"] = "false"


class ApiRequest(Request[Any, Any, Any]):
    """A request whose JSON body is decoded into the type its handler asks for, and into nothing else."""

    async def json(self) -> Any:
        """Decode the body.

        Raises:
            MalformedRequest: it does not fit; names where.
            UnsupportedMediaType: it is not JSON.
        """
        check_media_type(self.content_type[0])
        wanted: Any = self.route_handler.parsed_fn_signature.parameters["data"].raw
        return decode_body(await self.body(), wanted)

    @property
    def bearer(self) -> str | None:
        """The API key sent, unchecked."""
        return bearer_of(self.headers.get("authorization", ""))

    @property
    def idempotency_key(self) -> str | None:
        """The Idempotency-Key sent.

        Raises:
            MalformedRequest: it cannot be used.
        """
        return usable_key(self.headers.get("idempotency-key"))


def check_media_type(media_type: str) -> None:
    """Let JSON pass.

    Raises:
        UnsupportedMediaType: it is something else.
    """
    if media_type not in {"", "application/json"}:
        raise UnsupportedMediaType(value=media_type)


def bearer_of(authorization: str) -> str | None:
    """The API key in an Authorization header, unchecked."""
    match = _TOKEN.fullmatch(authorization)
    return match[1] if match else None


def usable_key(key: str | None) -> str | None:
    """An Idempotency-Key as it was sent.

    Raises:
        MalformedRequest: it is empty, longer than 255 letters, or holds other than printable ASCII.
    """
    if key is not None and not _PRINTABLE.fullmatch(key):
        flaw = Flaw("Give 1 to 255 printable ASCII characters without blanks.", parameter="Idempotency-Key")
        raise MalformedRequest(reason="the Idempotency-Key cannot be used", flaws=[flaw])
    return key


def decode_body(body: bytes, wanted: Any) -> Any:
    """Decode JSON into a type, strictly.

    Raises:
        MalformedRequest: it does not fit; names where, as a JSON pointer.
    """
    try:
        return _decode(body, wanted)
    except msgspec.ValidationError as error:
        raise MalformedRequest(
            reason=_sentence(error), flaws=[Flaw(_sentence(error), pointer=_pointer(error))]
        ) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        reason = f"the body is no JSON ({error})"
        raise MalformedRequest(reason=reason, flaws=[Flaw(str(error), pointer="#")]) from error


def _decode(body: bytes, wanted: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=wanted)
    except msgspec.ValidationError as error:
        if "got `float`" not in str(error):
            raise
        # JSON has one kind of number: 5.0, as some languages write it, is the whole number 5.
        return msgspec.convert(_whole(msgspec.json.decode(body)), wanted)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [_whole(one) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in cast("dict[str, Any]", value).items()}
    return value


def _sentence(error: Exception) -> str:
    return _PATH.sub("", str(error)).replace("`", "")


def _pointer(error: Exception) -> str:
    match = _PATH.search(str(error))
    path = match["path"] if match else ""
    return "#" + re.sub(r"\[(\d+)\]", r"/\1", path.replace("[...]", "")).replace(".", "/")


def decode_query(request: Request[Any, Any, Any]) -> Struct:
    """The query as the type its handler asks for as `asked`: each name known and given once, each value in range.

    Raises:
        MalformedRequest: a parameter is unknown, repeated or out of range; names it.
    """
    wanted = query_type(request.route_handler)
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise _bad_query(name, "Give it once.")
        given[name] = value
    names = {field.encode_name for field in fields(wanted)}
    for name in sorted(given.keys() - names):
        known = f"; there are {', '.join(sorted(names))}" if names else ""
        raise _bad_query(name, f"There is no such parameter here{known}.")
    whole = {name: int(given[name]) for name in _numbers(wanted) & given.keys() if _WHOLE.fullmatch(given[name])}
    try:
        return msgspec.convert({**given, **whole}, wanted)
    except msgspec.ValidationError as error:
        raise _bad_query(_pointer(error).lstrip("#/"), _sentence(error)) from error


@cache
def _numbers(wanted: type[Struct]) -> frozenset[str]:
    """The parameters that are whole numbers: a query has only texts, and these alone are read as something else."""
    kinds = {field.encode_name: field.type for field in cast("msgspec.inspect.StructType", type_info(wanted)).fields}
    return frozenset(name for name, kind in kinds.items() if isinstance(_some(kind), IntType))


def _some(kind: Type) -> Type:
    """A type without its description and its `None`."""
    while isinstance(kind, Metadata | UnionType):
        kind = kind.type if isinstance(kind, Metadata) else next(t for t in kind.types if not isinstance(t, NoneType))
    return kind


def _bad_query(name: str, detail: str) -> MalformedRequest:
    return MalformedRequest(reason=f"the parameter {name!r} cannot be used", flaws=[Flaw(detail, parameter=name)])


@cache
def query_type(handler: HTTPRouteHandler) -> type[Struct]:
    """The type of a handler's query."""
    parameters: Mapping[str, Any] = handler.parsed_fn_signature.parameters
    if "asked" in parameters:
        return parameters["asked"].annotation
    return Nothing if handler.http_methods == {"GET"} else Writing
