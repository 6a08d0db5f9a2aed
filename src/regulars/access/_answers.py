"""Answers kept so that a request sent twice is done once."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from regulars.access import _queries
from regulars.access._queries import Answer, Request
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
    [known] = recall_all(tx, [Request(caller_id, key, request)])
    if isinstance(known, Exception):
        raise known
    return known


def recall_all(tx: Transaction, requests: Sequence[Request]) -> list[Answer | AnswerPending | RequestReused | None]:
    """As `recall`, for each of several requests, in two statements. Of two with the same key the second is pending."""
    locks = [stable_id("answer", one.caller_id, one.key) for one in requests]
    ours = _queries.try_lock_answers(tx, locks=locks)
    # Seen only by a statement that begins after the locks are had: what others committed until then.
    kept = _queries.select_answers(tx, requests=requests)
    taken: set[int] = set()
    found: list[Answer | AnswerPending | RequestReused | None] = []
    for one, lock in zip(requests, locks, strict=True):
        if lock not in ours or lock in taken:
            found.append(AnswerPending(key=one.key))
            continue
        taken.add(lock)
        answer = kept.get((one.caller_id, one.key))
        reused = answer is not None and answer.fingerprint != one.fingerprint
        found.append(RequestReused(key=one.key) if reused else answer)
    return found


def remember(tx: Transaction, *, caller_id: int, key: str, answer: Answer, at: datetime) -> None:
    """Keep an answer for at least seven days."""
    remember_all(tx, [(Request(caller_id, key, answer.fingerprint), answer)], at=at)


def remember_all(tx: Transaction, answers: Sequence[tuple[Request, Answer]], *, at: datetime) -> None:
    """As `remember`, in one statement."""
    _queries.insert_answers(tx, answers=answers, at=at)
