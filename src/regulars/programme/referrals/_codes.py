"""Members' codes: eight letters and digits that cannot be mistaken, the last of which checks the others."""

import secrets
from datetime import datetime
from typing import Final

from regulars import facts, members
from regulars.errors import Conflict, NotFound
from regulars.programme.referrals import _queries
from regulars.programme.referrals._records import Code
from regulars.storage import Transaction
from regulars.types import to_public

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No 0, 1, I, L, O or U: nothing that looks like something else, and few words."""

LENGTH: Final = 8
_ATTEMPTS: Final = 5


class CodeNotFound(NotFound):
    """There is no referral code {code}."""


class NoCode(Conflict):
    """{member} has no referral code to revoke: issue one first."""


def check_character(body: str) -> str:
    """What follows the first letters: Luhn's sum modulo 30, which tells any one wrong letter (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, letter in enumerate(reversed(body)):
        value = ALPHABET.index(letter) * (2 - place % 2)
        total += value // len(ALPHABET) + value % len(ALPHABET)
    return ALPHABET[-total % len(ALPHABET)]


def normal_form(text: str) -> str | None:
    """A code as it is kept, however it was typed; None when it is none."""
    code = "".join(letter for letter in text.upper() if letter not in " -")
    if len(code) != LENGTH or any(letter not in ALPHABET for letter in code):
        return None
    return code if check_character(code[:-1]) == code[-1] else None


def new_code() -> str:
    """A code nobody will guess among 22 billion."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + check_character(body)


def issue(tx: Transaction, member_id: int, *, at: datetime) -> Code:
    """A member's code: the one there is, or a new one. Facts: `referral.code_issued`.

    Raises:
        MemberNotFound: there is no such member.
    """
    members.find(tx, member_id)
    for _ in range(_ATTEMPTS):
        known = _queries.select_live_code(tx, member_id=member_id)
        if known is not None:
            return known
        code = new_code()
        if _queries.insert_code(tx, code=code, member_id=member_id, at=at):
            facts.record(tx, [facts.Fact("referral.code_issued", at, member_id, None, {"code": code})], at=at)
    known = _queries.select_live_code(tx, member_id=member_id)
    assert known is not None  # noqa: S101  one in 22 billion is taken, five times in a row
    return known


def code_of(tx: Transaction, member_id: int) -> Code | None:
    """A member's live code, if there is one."""
    return _queries.select_live_code(tx, member_id=member_id)


def find_code(tx: Transaction, text: str) -> Code:
    """A code, live or revoked, however it was typed.

    Raises:
        CodeNotFound: there is none.
    """
    code = normal_form(text)
    found = _queries.select_code(tx, code=code) if code else None
    if found is None:
        raise CodeNotFound(code=text[:50])
    return found


def revoke(tx: Transaction, member_id: int, *, by: str, because: str, at: datetime) -> Code:
    """End a member's code: touches from now on count no more, earlier ones do. Facts: `referral.code_revoked`.

    Raises:
        NoCode: the member has none.
    """
    known = _queries.select_live_code(tx, member_id=member_id)
    if known is None or not _queries.revoke_code(tx, code=known.code, by=by, because=because, at=at):
        raise NoCode(member=to_public("mem", member_id))
    about = {"code": known.code, "by": by, "because": because}
    facts.record(tx, [facts.Fact("referral.code_revoked", at, member_id, None, about)], at=at)
    return find_code(tx, known.code)
