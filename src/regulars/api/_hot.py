"""The hot way for single postings: past the framework, into a lane.

It answers exactly what the handlers in `points.py` and `holds.py` answer, which remain for whatever is unusual here: a
dry run, any other query. What many ask at the same time becomes one transaction; its answers, and what is kept for the
Idempotency-Keys among them, commit together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send

from regulars import access, ledger
from regulars.access import Answer, Request
from regulars.api import _postings, holds, points
from regulars.api._gate import Gate
from regulars.api._points import Single, posted, status_of_posted
from regulars.api._postings import Asked
from regulars.api._problems import BODY_LIMIT, MEDIA_TYPE, BodyTooLarge, Flaw, MalformedRequest, refusal
from regulars.api._requests import bearer_of, check_media_type, decode_body, usable_key
from regulars.api._shapes import named_member
from regulars.app import App
from regulars.errors import RegularsError
from regulars.ledger import Outcome
from regulars.storage import DatabaseUnavailable, LaneReading, Lanes, Transaction
from regulars.types import stable_id

_PREFIX: Final = "/v1/members/"
_JSON: Final = b"application/json"
_HOT: Final = {**points.HOT, **holds.HOT}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request on its way through a lane."""

    asked: Asked
    request: Request | None
    """Its Idempotency-Key and fingerprint, if it has one."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the caller gets."""

    status: int
    body: bytes
    replayed: bool = False
    """It is the answer kept for its Idempotency-Key."""


class _Gone(Exception):  # the caller hung up before the request was whole
    pass


def answer(tx: Transaction, wanted: Sequence[Wanted], at: datetime) -> list[Answered | RegularsError]:
    """Answer each request, once; what is refused is not kept."""
    answers: dict[int, Answered | RegularsError] = _recalled(tx, wanted)
    places = [place for place in range(len(wanted)) if place not in answers]
    done = _postings.post(tx, [wanted[place].asked for place in places], at=at)
    kept: list[tuple[Request, Answer]] = []
    for place, outcome in zip(places, done, strict=True):
        one = wanted[place]
        answers[place] = fresh = _answered(one.asked.reference, outcome)
        if one.request is not None and isinstance(fresh, Answered):
            kept.append((one.request, Answer(one.request.fingerprint, fresh.status, fresh.body)))
    if kept:
        access.remember_all(tx, kept, at=at)
    return [answers[place] for place in range(len(wanted))]


def _recalled(tx: Transaction, wanted: Sequence[Wanted]) -> dict[int, Answered | RegularsError]:
    """What need not be done, by its place: answered before, being answered elsewhere, or not what its key was for."""
    named = [(place, one.request) for place, one in enumerate(wanted) if one.request is not None]
    if not named:
        return {}
    known = access.recall_all(tx, [request for _, request in named])
    return {
        place: Answered(one.status, one.body, replayed=True) if isinstance(one, Answer) else one
        for (place, _), one in zip(named, known, strict=True)
        if one is not None
    }


def _answered(reference: str, outcome: Outcome | RegularsError) -> Answered | RegularsError:
    if isinstance(outcome, RegularsError):
        return outcome
    content = posted(reference, outcome)
    return Answered(status_of_posted(content), msgspec.json.encode(content))


class HotPath:
    """Answers the hot routes through lanes, and gives all else to the framework."""

    def __init__(self, app: App, gate: Gate) -> None:
        """Prepare the lanes; their threads begin with the first request."""
        self._gate = gate
        self.lanes: Lanes[Wanted, Answered | RegularsError] = Lanes(
            app.database.url,
            answer,
            clock=app.clock,
            count=app.settings.lanes,
            shards=_shards(app),
            most_waiting=app.settings.lane_queue,
        )

    def around(self, framework: ASGIApp) -> ASGIApp:
        """An application that takes the hot way first."""

        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            found = _route(scope)
            if found is None:
                await framework(scope, receive, send)
                return
            try:
                status, headers, body = await self._respond(scope, receive, *found)
            except _Gone:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is becomes a problem
                status, told, body = refusal(scope, error)
                headers = [(b"content-type", MEDIA_TYPE.encode())]
                headers += [(name.lower().encode(), value.encode()) for name, value in told.items()]
            headers.append((b"content-length", str(len(body)).encode()))
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body, "more_body": False})

        return respond

    def readings(self) -> list[LaneReading]:
        """How the lanes are doing."""
        return self.lanes.readings()

    async def _respond(
        self, scope: Scope, receive: Receive, member: str, route: Single
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        headers = _headers(scope)
        key = await self._gate.admit(scope, bearer_of(headers.get(b"authorization", "")), route.permission, lately=True)
        check_media_type(headers.get(b"content-type", "").partition(";")[0].strip().lower())
        body = await _body(receive)
        asked = route.asked(member, decode_body(body, route.body))
        mark = usable_key(headers.get(b"idempotency-key"))
        request = None
        if mark is not None:
            print_ = access.fingerprint("POST", scope["path"], "", body)
            request = Request(key.key_id, mark, print_)
        done = await self.lanes.ask(Wanted(asked, request), key=_home(member), caller=key.key_id)
        if isinstance(done, RegularsError):
            raise done
        answered = [(b"content-type", _JSON)]
        if done.replayed:
            answered.append((b"idempotency-replayed", b"true"))
        return done.status, answered, done.body


def _shards(app: App) -> tuple[int, ...] | None:
    """Where accounts lie. While the database is away that is not known; batches then touch several shards, which is only dearer."""
    try:
        return app.database.shards
    except DatabaseUnavailable:
        return None


def _home(member: str) -> int:
    """What chooses the lane: the member's account, so that two lanes do not wait for one another's rows."""
    try:
        name = named_member(member)
    except RegularsError:
        return 0
    return ledger.account_id(name, "points") if isinstance(name, int) else stable_id("identity", *name)


def _route(scope: Any) -> tuple[str, Single] | None:
    """The member and the route, when this is a hot request in its usual form."""
    if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"]:
        return None
    path: str = scope["path"]
    if not path.startswith(_PREFIX):
        return None
    member, _, rest = path[len(_PREFIX) :].partition("/")
    route = _HOT.get(rest)
    return (member, route) if route is not None and member else None


def _headers(scope: Any) -> Mapping[bytes, str]:
    return {name: value.decode("latin-1") for name, value in scope["headers"]}


async def _body(receive: Receive) -> bytes:
    """The whole body.

    Raises:
        BodyTooLarge: it is larger than anything here.
        MalformedRequest: there is none.
    """
    parts: list[bytes] = []
    length, more = 0, True
    while more:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        more = message.get("more_body", False)
        if length > BODY_LIMIT:
            raise BodyTooLarge(most=BODY_LIMIT)
    if not length:
        raise MalformedRequest(reason="it needs a JSON body", flaws=[Flaw("Send a JSON object.", pointer="#")])
    return b"".join(parts)
