"""What is wrong with a programme's document. Apart, so that every section's records can raise it."""

from regulars.errors import Invalid


class BadProgramme(Invalid):
    """{field} is {value!r}: {remedy}."""
