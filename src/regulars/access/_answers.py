"""Answers kept so that a request sent twice is done once."""

import hashlib
from datetime import datetime

from regulars.access import _queries
from regulars.access._queries import Answer
from regulars.errors import Conflict, Invalid
from regulars.storage import Transaction
from regulars.types import stable_id


class AnswerPending(Conflict):
    """A request with the Idempotency-Key {key!r} is being answered: repeat it in a second."""

    retryable = True


class RequestReused(Invalid):
    """The Idempotency-Key {key!r} was used for another request: send the same request, or a new key."""


def fingerprint(*parts: str | bytes) -> bytes:
    """What tells one request from another: the SHA-256 of method, address, query and body, each with its length."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.digest()


def recall(tx: Transaction, *, caller_id: int, key: str, request: bytes) -> Answer | None:
    """The answer given before to this request; None when it is new, and now this transaction's to answer.

    `request` is its fingerprint. Call it first in the transaction that does the work, `remember` last: both commit
    or neither. A refusal rolls back and is not kept; it changed nothing, so the request may be sent again.

    Raises:
        AnswerPending: another transaction is answering it.
        RequestReused: the key was used for another request.
    """
    if not _queries.try_lock_answer(tx, lock=stable_id("answer", caller_id, key)):
        raise AnswerPending(key=key)
    answer = _queries.select_answer(tx, caller_id=caller_id, key=key)
    if answer is not None and answer.fingerprint != request:
        raise RequestReused(key=key)
    return answer


def remember(tx: Transaction, *, caller_id: int, key: str, answer: Answer, at: datetime) -> None:
    """Keep an answer for at least seven days."""
    _queries.insert_answer(tx, caller_id=caller_id, key=key, answer=answer, at=at)
