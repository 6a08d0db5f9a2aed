"""The people a shop knows: one record per member, and every name the outside world has for them.

The invariant: a value of an issuer (a shop's customer number, an e-mail address, a phone number) belongs to at most
one member, enrolling the same person twice yields the same member, and nobody belongs to two households.

    members.enrol(tx, [NewMember("17850", issuer="uk", country="GB")], at=now)
    ada = members.by_external_id(tx, "17850", issuer="uk")
    members.amend(tx, ada.member_id, {"name": "Ada Lovelace"}, at=now)
"""

from regulars.members._households import (
    COOL_OFF,
    MOST_MEMBERS,
    HouseholdDissolved,
    HouseholdFull,
    HouseholdNotFound,
    InHousehold,
    NotInHousehold,
    TooSoonToJoin,
    dissolve_household,
    find_household,
    form_household,
    household_of,
    households,
    join_household,
    leave_household,
    members_of_household,
)
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
from regulars.members._queries import Household, Identity, Member, Membership, identities
from regulars.members._rules import DIRECT, BadMember, MemberNotFound, NewMember, clean_email, clean_phone, clean_text

__all__ = [
    "COOL_OFF",
    "DIRECT",
    "MOST_MEMBERS",
    "BadMember",
    "Enrolment",
    "Household",
    "HouseholdDissolved",
    "HouseholdFull",
    "HouseholdNotFound",
    "Identity",
    "InHousehold",
    "Member",
    "MemberNotFound",
    "Membership",
    "NewMember",
    "NotInHousehold",
    "TooSoonToJoin",
    "amend",
    "by_external_id",
    "by_identity",
    "clean_email",
    "clean_phone",
    "clean_text",
    "dissolve_household",
    "enrol",
    "find",
    "find_all",
    "find_household",
    "form_household",
    "household_of",
    "households",
    "identities",
    "join_household",
    "known_among",
    "known_to",
    "leave_household",
    "members_of_household",
]
