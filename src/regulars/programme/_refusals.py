"""How a document of the programme is refused, whichever of its sections is wrong."""

from regulars.errors import Invalid


class BadProgramme(Invalid):
    """{field} is {value!r}: {remedy}."""
