"""`regulars economics …`: a month from its value to its journal."""

from datetime import UTC, datetime, timedelta

from ledger.making import ADA
from regulars import ledger


def test_a_month_is_valued_closed_exported_and_opened_again(regulars, database, tmp_path) -> None:
    end = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    then = end - timedelta(days=3)
    month = f"{then:%Y-%m}"
    with database.transaction() as tx:
        ledger.earn(tx, ADA, 1000, reference="a", expires_at=end + timedelta(days=900), at=then)
        ledger.spend(tx, ADA, 300, reference="v", at=then)
    assert "Nobody has said" in regulars("economics", "value").out
    assert regulars("economics", "close", month).code == 3
    [value] = regulars(
        "economics", "value", "--from", f"{month}-01", "--currency", "GBP", "--minor-per-million", "500000", "--json"
    ).json
    assert (value["currency"], value["basis"]) == ("GBP", "by_hand")
    [worth] = regulars("economics", "liability", "--json").json
    assert (worth["outstanding"], worth["fair_minor"], worth["reason"]) == (700, 350, "few_months")
    [cohort] = regulars("economics", "cohorts", "--json").json
    assert (cohort["month"], cohort["left"]) == (month, 700)
    assert "No month was closed yet." in regulars("economics", "periods").out
    assert "Open" in regulars("economics", "show", month).out
    named = regulars("economics", "accounts", "liability=2150", "--json").json
    assert {"for": "liability", "account": "2150"} in named
    assert regulars("economics", "accounts", "lability=2150").code == 2
    done = regulars("economics", "close", month)
    assert "700 points, 350 GBP" in done.out
    assert regulars("economics", "close", month).code == 3
    assert regulars("economics", "show", month, "--json").json[-1] == {
        "move": "closing", "points": 700, "minor": 350, "currency": "GBP",
    }  # fmt: skip
    text = regulars("economics", "export", month).out
    assert text.splitlines()[0].startswith("number,line,day")
    assert "2150" in text
    regulars("economics", "export", "--to", str(tmp_path / "journal.csv"))
    assert (tmp_path / "journal.csv").read_text() == text
    assert len(regulars("economics", "export", "--format", "jsonl").out.splitlines()) == len(text.splitlines()) - 1
    assert "open again" in regulars("economics", "reopen", month, "--because", "a return was forgotten").out
    [kept] = regulars("economics", "periods", "--json").json
    assert kept["reopened_because"] == "a return was forgotten"
    assert regulars("economics", "close", "2026-13").code == 2
