"""Who is let in: a key that works, whose role has the permission asked for, not too often."""

import asyncio
import hashlib
import time
from typing import Any, Final

from anyio import to_thread

from regulars import access
from regulars.access import Key, Permission
from regulars.api._context import answer_headers, note_caller
from regulars.api._meter import Meter
from regulars.api._problems import KeyMissing, KeyUnknown, TooManyRequests
from regulars.app import App
from regulars.types import to_public

KEY_SECONDS: Final = 5.0
"""How long a hot route may go by what it knew of a key: a revoked one stops there within this time, elsewhere at once."""

_MOST_KEYS: Final = 1000


class Gate:
    """The keys and their meter, for all routes of one process."""

    def __init__(self, app: App) -> None:
        """Let nobody in yet."""
        self._database = app.database
        self._meter = Meter(app.settings.requests_per_minute)
        self._known: dict[bytes, tuple[Key, float]] = {}
        self._asking: dict[bytes, asyncio.Task[Key | None]] = {}

    async def admit(self, scope: Any, token: str | None, permission: Permission, *, lately: bool = False) -> Key:
        """The key of a request that may be answered; `lately`: known to have worked within the last `KEY_SECONDS`.

        Raises:
            KeyMissing: there is none.
            KeyUnknown: it does not work.
            TooManyRequests: it has made its requests of the minute.
            NotAllowed: its role is too low.
        """
        if token is None:
            raise KeyMissing
        key = await (self._lately(token) if lately else to_thread.run_sync(self._find, token))
        if key is None:
            raise KeyUnknown
        note_caller(scope, to_public("key", key.key_id))
        reading = self._meter.take(key.key_id, time.monotonic())
        answer_headers(scope).update(reading.headers)
        if reading.retry_after_s is not None:
            raise TooManyRequests(limit=reading.limit, retry_after=reading.retry_after_s)
        access.require(key.role, permission)
        return key

    def _find(self, token: str) -> Key | None:
        with self._database.transaction() as tx:
            return access.find_key(tx, token)

    async def _lately(self, token: str) -> Key | None:
        mark = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(mark)
        if known is not None and time.monotonic() - known[1] < KEY_SECONDS:
            return known[0]
        asking, loop = self._asking.get(mark), asyncio.get_running_loop()
        if asking is None or asking.get_loop() is not loop:  # however many come at once, the database is asked once
            asking = self._asking[mark] = loop.create_task(self._look_up(token, mark))
        return await asyncio.shield(asking)

    async def _look_up(self, token: str, mark: bytes) -> Key | None:
        began = time.monotonic()
        try:
            key = await to_thread.run_sync(self._find, token)
        finally:
            self._asking.pop(mark, None)
        self._known.pop(mark, None)
        if key is not None:
            if len(self._known) >= _MOST_KEYS:
                del self._known[next(iter(self._known))]
            self._known[mark] = (key, began)
        return key
