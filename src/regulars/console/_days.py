"""Days that people write in forms, as the instants they begin at."""

from datetime import date, datetime

from regulars import ledger
from regulars.programme import BadProgramme


def beginning(text: str, zone: str) -> datetime | None:
    """When a day begins in a time zone; None where none was given.

    Raises:
        BadProgramme: it is no day.
    """
    try:
        return ledger.day_begins(date.fromisoformat(text), zone) if text else None
    except (ValueError, OverflowError) as error:
        raise BadProgramme(field="effective_at", value=text, remedy="give a day such as 2027-01-01") from error
