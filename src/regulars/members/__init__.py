"""The people a shop knows: one record per member, and every name the outside world has for them.

The invariant: a value of an issuer (a shop's customer number, an e-mail address, a phone number) belongs to at most
one member, and enrolling the same person twice yields the same member.

    members.enrol(tx, [NewMember("17850", issuer="uk", country="GB")], at=now)
    ada = members.by_external_id(tx, "17850", issuer="uk")
    members.amend(tx, ada.member_id, {"name": "Ada Lovelace"}, at=now)
"""

from regulars.members._members import (
    Enrolment,
    amend,
    by_external_id,
    by_identity,
    enrol,
    find,
    find_all,
    known_among,
    known_to,
)
from regulars.members._queries import Identity, Member, identities
from regulars.members._rules import DIRECT, BadMember, MemberNotFound, NewMember, clean_email, clean_phone, clean_text

__all__ = [
    "DIRECT",
    "BadMember",
    "Enrolment",
    "Identity",
    "Member",
    "MemberNotFound",
    "NewMember",
    "amend",
    "by_external_id",
    "by_identity",
    "clean_email",
    "clean_phone",
    "clean_text",
    "enrol",
    "find",
    "find_all",
    "identities",
    "known_among",
    "known_to",
]
