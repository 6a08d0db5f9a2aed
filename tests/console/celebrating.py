"""Challenges, streaks and birthdays for a shop whose console is looked at."""

from dataclasses import replace
from datetime import timedelta

from conftest import NOON
from regulars import jobs, members, programme
from regulars.app import App
from regulars.programme import Rule
from regulars.programme.earning import Challenge, Streak
from regulars.programme.events import EventType, NewEvent
from regulars.types import to_public

RULES = (
    Rule("five", "Five visits in a month", "每月到访五次", "50", on="event", event="visit", challenge=Challenge(5)),
    Rule("row", "Three days in a row", "连续三天", "20", on="event", event="visit", streak=Streak(3)),
    Rule("cake", "Birthday cake", "生日蛋糕", "100", on="birthday"),
)


def furnish(app: App) -> str:
    """Let Ada visit on three days and have a birthday; the address of her page."""
    with app.database.transaction() as tx:
        held = programme.current(tx, at=NOON)
        new = replace(held, earning=(*held.earning, *RULES), events=(EventType("visit", "Visited the shop", "到店"),))
        programme.publish(tx, new, at=NOON, by="test")
        ada = members.by_external_id(tx, "ada", issuer="uk").member_id
        members.amend(tx, ada, {"attributes": {"birthday": "1815-12-10"}}, at=NOON)
        programme.adopt_occasions(tx, at=NOON)
        visits = [NewEvent("visit", f"v{day}", ada, NOON - timedelta(days=day)) for day in range(2)]
        programme.record_events(tx, [*visits, NewEvent("visit", "v2", ada, NOON - timedelta(days=2))], at=NOON)
        jobs.react_within(tx, at=NOON)
    return f"/members/{to_public('mem', ada)}"
