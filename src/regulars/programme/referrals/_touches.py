"""Touches: that somebody came by a member's link or code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars import facts
from regulars.programme.referrals import _queries
from regulars.programme.referrals._codes import find_code
from regulars.programme.referrals._records import Touch, TouchKind
from regulars.storage import Transaction
from regulars.types import stable_id, to_public


@dataclass(frozen=True, slots=True)
class NewTouch:
    """A touch to record; device, e-mail and address as keyed hashes, the friend where it is a member already."""

    code: str
    kind: TouchKind
    touched_at: datetime
    source: str | None = None
    friend_id: int | None = None
    device: bytes | None = None
    email: bytes | None = None
    address: bytes | None = None


def touch(tx: Transaction, touches: Sequence[NewTouch], *, at: datetime) -> list[Touch]:
    """Record touches; one told before stays as it is. Facts: `referral.touched`, of those that are new.

    Raises:
        CodeNotFound: a code is not one of ours; nothing was recorded.
    """
    rows = [_row(tx, one, at) for one in touches]
    fresh = _queries.insert_touches(tx, touches=rows)
    new = {one.touch_id: one for one in rows if one.touch_id in fresh}
    facts.record(tx, [_fact(one) for one in new.values()], at=at)
    return rows


def _row(tx: Transaction, one: NewTouch, at: datetime) -> Touch:
    code = find_code(tx, one.code)
    hashes = [value.hex() if value else "" for value in (one.device, one.email, one.address)]
    touch_id = stable_id("touch", code.code, one.kind, one.touched_at.timestamp(), one.friend_id or 0, *hashes)
    return Touch(
        touch_id, code.code, code.member_id, one.kind, one.source, one.friend_id, one.device, one.email, one.address,
        one.touched_at, at,
    )  # fmt: skip


def _fact(one: Touch) -> facts.Fact:
    about: dict[str, object] = {"code": one.code, "kind": one.kind, "source": one.source}
    if one.friend_id is not None:
        about["friend"] = to_public("mem", one.friend_id)
    return facts.Fact("referral.touched", one.touched_at, one.advocate_id, None, about)
