"""One call of the API: who calls, and the transaction in which it is answered.

Writes are answered once: the answer to a request with an Idempotency-Key is kept in the transaction that did the work,
and a dry run is the same code in a transaction that is rolled back.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, TypeVar

import msgspec
import psycopg
from litestar import Response
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from regulars import access, jobs
from regulars.access import Key
from regulars.api._context import answer_headers
from regulars.api._gate import Gate
from regulars.api._requests import ApiRequest
from regulars.app import App
from regulars.storage import Read, Transaction, lost_a_race

Content = TypeVar("Content")
_ATTEMPTS: Final = 3


class _DryRun(Exception):  # not an error: how a dry run leaves its transaction
    def __init__(self, answer: access.Answer) -> None:
        super().__init__()
        self.answer = answer


def _end_dry_run(answer: access.Answer, *, dry: bool) -> None:
    if dry:
        raise _DryRun(answer)


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A request that may be answered: its key is good, its role high enough, its query read."""

    app: App
    request: ApiRequest
    key: Key
    asked: msgspec.Struct
    body: bytes

    def read(
        self, work: Callable[[Transaction], Content], *, etag: Callable[[Content], str] | None = None
    ) -> Response[Content]:
        """Answer with what `work` finds, all of it as of one moment; `etag` names its state, where that is to be matched."""
        found = self.find(work)
        return self.show(found, etag(found) if etag else None)

    def find(self, work: Callable[[Transaction], Content]) -> Content:
        """What `work` finds, in a transaction that cannot write."""
        if self.request.method != "GET":
            _ = self.request.idempotency_key  # there is nothing to remember, but it is read as strictly as everywhere
        with self.app.database.transaction(read_only=True) as tx:
            return work(tx)

    def read_past(self, work: Callable[[Transaction], Content]) -> Response[Content]:
        """As `read`, of what may be a few seconds old: from the replica while there is one that keeps up."""
        at = self.app.clock()
        return self.show(self.past_of(at, self.app.read_past(work)))

    def past_of(self, at: datetime, read: Read[Content]) -> Content:
        """What was read, and in the answer's headers up to when all that was posted is in it, and where it was read."""
        headers = answer_headers(self.request.scope)
        headers["As-Known-At"] = (at - read.behind).isoformat().replace("+00:00", "Z")
        headers["Read-From"] = read.source
        return read.found

    def show(self, content: Content, etag: str | None = None) -> Response[Content]:
        """Answer with something already found, or that it is what the caller has."""
        body = msgspec.json.encode(content)
        etag = etag or f'W/"{sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if etag in self.request.headers.get("if-none-match", ""):
            return self._answer(b"", 304, headers)
        return self._answer(body, 200, headers)

    def write(
        self,
        work: Callable[[Transaction, datetime], Content],
        *,
        status: Callable[[Content], int] | None = None,
        react: bool = False,
    ) -> Response[Content]:
        """Answer with what `work` did, once. `react` also does, with it, what follows from it: points and tiers.

        `status` chooses the status from the content, when it is not always the handler's.
        """

        def done(tx: Transaction, at: datetime) -> Content:
            content = work(tx, at)
            if react:
                jobs.react_within(tx, at=at, key=self.app.settings.identity_key)
            return content

        for _ in range(_ATTEMPTS - 1):
            try:
                return self._written(done, status)
            except psycopg.OperationalError as error:
                if not lost_a_race(error):  # then nothing was done
                    raise
        return self._written(done, status)

    def _written(
        self, work: Callable[[Transaction, datetime], Content], status: Callable[[Content], int] | None
    ) -> Response[Content]:
        at, key, dry = self.app.clock(), self.request.idempotency_key, getattr(self.asked, "dry_run", "false") == "true"
        url = self.request.url
        request = access.fingerprint(self.request.method, url.path, url.query, self.body)
        try:
            with self.app.database.transaction() as tx:
                if key and not dry:
                    before = access.recall(tx, caller_id=self.key.key_id, key=key, request=request)
                    if before is not None:
                        return self._answer(before.body, before.status, {"Idempotency-Replayed": "true"})
                done = work(tx, at)
                answer = access.Answer(request, status(done) if status else self._status(), msgspec.json.encode(done))
                _end_dry_run(answer, dry=dry)
                if key:
                    access.remember(tx, caller_id=self.key.key_id, key=key, answer=answer, at=at)
        except _DryRun as run:
            return self._answer(run.answer.body, run.answer.status, {"Dry-Run": "true"})
        return self._answer(answer.body, answer.status)

    def _status(self) -> int:
        return self.request.route_handler.status_code

    def _answer(self, content: bytes, status: int, headers: Mapping[str, str] | None = None) -> Any:
        return Response(content, status_code=status, headers=headers, media_type="application/json")


Call = NamedDependency[ApiCall]
"""What a handler asks for to be given its call."""

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


def guard(gate: Gate) -> Guard:
    """What lets requests in."""

    async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        if "OPTIONS" in getattr(handler, "http_methods", ()):  # which methods there are is no secret
            return
        key = await gate.admit(connection.scope, ApiRequest(connection.scope).bearer, handler.opt["permission"])
        connection.scope["state"]["key"] = key

    return admit
