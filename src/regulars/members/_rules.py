"""Who a person is to us, and how their names are written, so that one person has one spelling."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from regulars.errors import Invalid, NotFound
from regulars.types import MemberId, stable_id

DIRECT = "direct"
"""The issuer of members that no shop gave a number: their external id is our own caller's."""


@dataclass(frozen=True, slots=True)
class NewMember:
    """Somebody to enrol. Contact data is normalised; `external_id` is the issuer's own name for the person."""

    external_id: str
    issuer: str = DIRECT
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    country: str | None = None
    joined_at: datetime | None = None
    """When the person became a customer; the time of enrolment when unknown."""
    attributes: Mapping[str, object] = field(default_factory=dict[str, object])

    @property
    def member_id(self) -> MemberId:
        """The identifier this person has or will have."""
        return MemberId(stable_id("member", self.issuer, self.external_id))


class MemberNotFound(NotFound):
    """There is no member {member}."""


class BadMember(Invalid):
    """{field} is {value!r}: {remedy}."""


ISSUER = re.compile(r"[a-z0-9_-]{1,64}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PHONE = re.compile(r"\+?[0-9]{5,15}")


def clean_email(text: str) -> str:
    """An address in the one spelling we keep: trimmed, lower case.

    Raises:
        BadMember: it is no address.
    """
    email = text.strip().lower()
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise BadMember(field="email", value=text, remedy="give an address like ada@example.com")
    return email


def clean_phone(text: str) -> str:
    """A number in the one spelling we keep: digits, with a leading + when it is international.

    Raises:
        BadMember: it is no number.
    """
    phone = re.sub(r"[\s().\-/]", "", text)
    if not _PHONE.fullmatch(phone):
        raise BadMember(field="phone", value=text, remedy="give 5 to 15 digits, with + and country code if you can")
    return phone


def clean_text(field: str, text: str, *, most: int = 200) -> str:
    """A single-line text of at most `most` characters.

    Raises:
        BadMember: it is empty, too long or holds control characters.
    """
    cleaned = text.strip()
    if not cleaned or len(cleaned) > most or not cleaned.isprintable():
        raise BadMember(field=field, value=text, remedy=f"give 1 to {most} printable characters")
    return cleaned
