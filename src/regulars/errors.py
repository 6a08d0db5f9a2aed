"""Every error the domains raise. The class name is its code; the docstring is its message template.

    RegularsError
    ├── NotFound     the thing named does not exist
    ├── Conflict     the world is in another state than the request assumes
    ├── Invalid      the request itself is wrong
    └── Forbidden    the caller may not

Domains subclass one of the four kinds beside the verbs that raise them. Only the doors know what HTTP status or exit
code a kind becomes. Raise with the template's fields: `MemberNotFound(member="mem_…")`.
"""

from typing import ClassVar


class RegularsError(Exception):
    """Something went wrong."""

    kind: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, **details: object) -> None:
        """Keep the template's fields; they become the message here and the problem's members at the API."""
        self.details = details
        super().__init__((type(self).__doc__ or "").partition("\n")[0].format(**details))

    @property
    def code(self) -> str:
        """The stable name a program can switch on."""
        return type(self).__name__


class NotFound(RegularsError):
    """There is no {what} {value}."""

    kind = "not_found"


class Conflict(RegularsError):
    """{reason}."""

    kind = "conflict"


class Invalid(RegularsError):
    """{field} is {value}: {remedy}."""

    kind = "invalid"


class Forbidden(RegularsError):
    """{reason}."""

    kind = "forbidden"
