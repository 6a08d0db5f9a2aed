"""The past of the ledger: what members held as of any instant, as known at any instant; statements; exports.

`as_of` is time in the world, `known_at` time in the ledger: a purchase of March that was recorded in May is in "as of April, known
in June", and not in "as of April, known in April". It is worked out from the journal; nothing is kept for it but what promises were made under.

    past.holding(tx, member_id, as_of=april, known_at=june).balance.available
    past.carried(tx, member_id, Period(since=march, until=april)).opening
    for line in past.written(tx, member_id, as_json=False): …
"""

from regulars.ledger.past._exports import written
from regulars.ledger.past._holdings import Held, holding, totals
from regulars.ledger.past._statements import (
    EVERYTHING,
    Carried,
    Chapter,
    Period,
    carried,
    chapters,
    elsewhere,
    lots_of,
    statement,
)
from regulars.ledger.past._words import LANGUAGES, Language, in_words, order_of

__all__ = [
    "EVERYTHING",
    "LANGUAGES",
    "Carried",
    "Chapter",
    "Held",
    "Language",
    "Period",
    "carried",
    "chapters",
    "elsewhere",
    "holding",
    "in_words",
    "lots_of",
    "order_of",
    "statement",
    "totals",
    "written",
]
