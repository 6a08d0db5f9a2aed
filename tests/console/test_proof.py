"""The page that says whether the ledger is right, and where it is not."""

import re

from conftest import NOON
from console.shops import Visitor, links, words
from ledger.archiving import put_away
from make import DAY
from regulars import ledger
from regulars.console import _invariants, _language
from regulars.ledger import proof
from regulars.types import from_public


def ada_of(visitor: Visitor) -> int:
    return from_public("mem", visitor.member("ada"))


def test_the_proof_says_that_all_is_right_and_since_when(olga: Visitor):
    page = olga.get("/points/proof").text
    said = words(page)
    with olga.app.database.transaction() as tx:
        done = proof.passes(tx, limit=1)[0]
    assert "All right" in said
    assert f"{done.accounts:,} accounts with {done.entries:,} entries were checked" in said
    assert done.root.hex() in page
    assert page.count("<title>Pass ") == 3
    assert "regulars ledger export journal.csv" in said
    assert "docs/howto/audit-the-ledger.md" in said


def test_what_somebody_changed_is_found_named_and_led_to(shop: Visitor):
    ada = ada_of(shop)
    with shop.app.database.transaction() as tx:
        ledger.spend(tx, ada, 10, reference="v", at=NOON)
        tx.run(
            "update ledger_entries set reason = 'a gift' where account_id = %(id)s and seq = 1",
            id=ledger.account_id(ada, "points"),
        )
        proof.reconcile(tx, at=NOON)
    page = shop.get("/points/proof").text
    said = words(page)
    assert "1 finding Something in the ledger is not as it must be" in said
    assert "The entry is not as it was booked" in said
    assert "Ada Lovelace · Points · entry 1" in said
    assert "Compare it with a backup" in said
    [entry] = [link for link in links(page, "/members/") if "before=" in link]
    shown = re.findall(r'<tr id="entry-(\d+)"', shop.get(entry).text)
    assert shown == ["1"]
    with shop.app.database.transaction() as tx:
        tx.run(
            "update ledger_entries set reason = null where account_id = %(id)s and seq = 1",
            id=ledger.account_id(ada, "points"),
        )
        tx.run("update ledger_accounts set available = available + 5, held = 7 where member_id = %(id)s", id=ada)
        tx.run("delete from ledger_flows where kind = 2")
        proof.reconcile(tx, at=NOON + DAY)
    said = words(shop.get("/points/proof").text)
    assert "What can be spent is not what the entries add up to" in said
    assert "What is set aside is not what the holds add up to" in said
    assert "The total of “Points” that is available is not what all accounts hold together" in said
    assert "The ledger as a whole" in said
    assert "Found before, and right again" in said
    shop.client.cookies.set("regulars_language", "zh-CN")
    chinese = words(shop.get("/points/proof").text)
    assert "可用积分与记录合计不符" in chinese
    assert "“积分”的可用总数与所有账户之和不符" in chinese


def test_what_was_put_away_is_said_on_the_page(shop: Visitor):
    assert "Archive" not in words(shop.get("/points/proof").text)
    with shop.app.database.transaction() as tx:
        entries = tx.value("select count(*) from ledger_entries")
        put_away(tx, NOON + DAY)
        moved = tx.value("select sum(entries)::int from ledger_archive_years")
        proof.reconcile(tx, at=NOON)
    page = shop.get("/points/proof").text
    assert f"{moved:,} old entries, of the years 2026 to 2026, were put away" in words(page)
    assert f"with {entries:,} entries were checked" in words(page)
    shop.client.cookies.set("regulars_language", "zh-CN")
    assert f"2026 年至 2026 年的 {moved:,} 条旧记录已归档" in words(shop.get("/points/proof").text)


def test_every_invariant_the_ledger_names_has_plain_words(shop: Visitor):
    """The names are those that `ledger_check` gives; what is added there has to be told here."""
    with shop.app.database.transaction() as tx:
        [text] = tx.values(
            "select pg_get_functiondef('ledger_check'::regproc) || pg_get_viewdef('ledger_archive_flaws'::regclass)"
        )
    named = set(re.findall(r"^\s*(?:\(|union all\nselect |select )'([a-z][a-z0-9 ]{10,})'", text, re.MULTILINE))
    assert len(named) > 15
    known = {
        **_invariants._of_an_account(_language.languages()["en"]),
        **_invariants._of_an_entry(_language.languages()["en"]),
    }
    assert named <= set(known)
    assert not [name for name in known if f"'{name}'" not in text]
