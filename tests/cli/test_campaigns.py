"""`regulars campaigns`."""

import make
from conftest import NOON
from programme.campaigns.campaigning import EVERY_EIGHTH, bonus, budget, campaign, publish, sell, taken
from regulars import cli

SPAN = ("--since", "2026-03-01T00:00+00:00", "--until", "2026-04-01T00:00+00:00")


def test_campaigns_are_listed_and_undone(regulars, database, monkeypatch) -> None:
    pot = budget()
    with database.transaction() as tx:
        other = campaign("eighth", bonus("more"), days=EVERY_EIGHTH)
        publish(tx, campaign("gifts", bonus(), budget="pot"), other, pots=(pot,))
        sell(tx, *(make.order(str(number), f"m{number}") for number in range(3)), at=NOON)
    gifts, eighth = regulars("campaigns", "list", "--month", "2026-03", "--json").json
    assert (gifts["days"], gifts["clashes"], eighth["days"], eighth["first"]) == (31, ["eighth"], 1, "2026-03-08")
    [row] = regulars("campaigns", "budgets", "--json").json
    assert (row["taken"], row["percent"]) == (300, 30)
    assert (
        "300 points of 3 members, for 3 orders; 0 would owe points."
        in regulars("campaigns", "undo", "gifts", *SPAN).out
    )
    monkeypatch.setenv("REGULARS_UNDO_LIMIT", "299")
    waiting = regulars("campaigns", "undo", "gifts", *SPAN, "--reason", "a mistake", "--json").json
    assert (waiting["state"], waiting["points"]) == ("proposed", 0)
    monkeypatch.setenv("REGULARS_UNDO_LIMIT", "300")
    assert (
        "300 points for 3 orders were taken back."
        in regulars("campaigns", "undo", "gifts", *SPAN, "--reason", "a mistake").out
    )
    with database.transaction() as tx:
        assert taken(tx, pot) == 0


def test_what_cannot_be_done_is_said_in_one_line(regulars, database) -> None:
    with database.transaction() as tx:
        publish(tx, campaign("gifts", bonus()))
    for arguments, kind in (
        (("list", "--month", "2026"), "invalid"),
        (("undo", "none", *SPAN), "not_found"),
        (("undo", "gifts", "--since", "now", "--until", "then"), "invalid"),
        (("undo", "gifts", "--since", "2026-03-01", "--until", "2026-03-02"), "invalid"),
        (("undo", "gifts", *SPAN, "--reason", "x"), "conflict"),
    ):
        ran = regulars("campaigns", *arguments)
        assert ran.code == cli.EXIT_CODES[kind], ran
        assert ran.err.count("\n") == 1
