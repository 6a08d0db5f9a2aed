"""The programme as a file: from a repository into force and back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import make
from conftest import NOON
from regulars import access, programme
from regulars.access import Role
from regulars.programme import drafts
from regulars.storage import Database

ADA, BEN, VERA = "ada@shop.example", "ben@shop.example", "vera@shop.example"


@pytest.fixture
def file(database: Database, tmp_path: Path) -> Path:
    """A shop with two managers and a viewer, and the programme it begins with as a file, changed and commented."""
    with database.transaction() as tx:
        make.shop(tx)
        for email, role in ((ADA, Role.MANAGER), (BEN, Role.MANAGER), (VERA, Role.VIEWER)):
            access.add_operator(tx, email=email, name=email, role=role, password="three quiet herons", at=NOON)
    file = tmp_path / "programme.yaml"
    begins = drafts.canonical(programme.default("GBP", "Europe/London"))
    file.write_text(begins.replace("count: 24", "count: 12  # a year, Finance agreed"))
    return file


def test_a_file_is_checked_planned_applied_approved_and_written_out_the_same(regulars, file: Path, database: Database):
    assert regulars("programme", "validate", str(file)).code == 0
    planned = regulars("programme", "plan", str(file))
    assert (planned.code, "~ expiry.lasts.count: 24 → 12" in planned.out) == (2, True)
    assert regulars("programme", "diff", str(file)).code == 2
    applied = regulars("programme", "apply", str(file), "--by", ADA, "--note", "Shorter", "--json").json
    assert applied["state"] == "submitted"
    assert regulars("programme", "apply", str(file), "--by", ADA, "--json").json == applied
    alone = regulars("programme", "apply", str(file), "--by", ADA, "--approve")
    assert (alone.code, "somebody else has to approve" in alone.err) == (3, True)
    done = regulars("programme", "apply", str(file), "--by", BEN, "--approve", "--json").json
    assert done == {"changed": True, "draft": applied["draft"], "version": 1, "what_if": None}
    assert regulars("programme", "apply", str(file), "--by", BEN, "--json").json == {"changed": False}
    assert regulars("programme", "plan", str(file)).code == 0
    out = file.with_name("out.yaml")
    assert regulars("programme", "export", str(out)).code == 0
    assert out.read_bytes() == file.read_bytes()
    [version] = regulars("programme", "versions", "--json").json
    assert (version["holds"], version["approved_by"], version["note"]) == ("now", BEN, "Shorter")
    as_json = file.with_name("out.json")
    regulars("programme", "export", str(as_json))
    assert regulars("programme", "diff", str(as_json), str(file)).code == 0


def test_an_earlier_version_holds_again_from_a_day_on(regulars, file: Path):
    for months in ("12  # a year", "6"):
        file.write_text(file.read_text().replace("count: 12", f"count: {months}"))
        regulars("programme", "apply", str(file), "--by", ADA)
        assert regulars("programme", "apply", str(file), "--by", BEN, "--approve").code == 0
    assert regulars("programme", "diff", "1", "2").out == "~ expiry.lasts.count: 12 → 6\n"
    back = regulars("programme", "rollback", "1", "--by", BEN, "--effective-at", "2099-01-01", "--json")
    assert back.json == {"version": 3, "restores": 1}
    held = {one["version"]: one["holds"] for one in regulars("programme", "versions", "--json").json}
    assert held == {1: None, 2: "now", 3: "later"}
    assert regulars("programme", "rollback", "9", "--by", BEN).code == 4
    assert regulars("programme", "rollback", "1", "--by", VERA).code == 5
    assert regulars("programme", "rollback", "1", "--by", "nobody@shop.example").code == 4
    assert regulars("programme", "rollback", "1", "--by", BEN, "--effective-at", "soon").code == 2


def test_a_file_that_cannot_be_used_says_where_and_changes_nothing(regulars, file: Path, database: Database):
    file.write_text(file.read_text().replace("currency: GBP", "currency: 7"))
    line = file.read_text().split("\n").index("currency: 7") + 1
    ran = regulars("programme", "validate", str(file))
    assert (ran.code, ran.err) == (
        2,
        f"{file}:{line}: currency is 7: give what fits: expected str, got int\n",
    )
    [told] = regulars("programme", "validate", str(file), "--json").json
    assert (told["field"], told["line"]) == ("currency", line)
    assert [regulars("programme", what, str(file)).code for what in ("plan", "diff")] == [1, 1]
    assert regulars("programme", "apply", str(file), "--by", ADA).code == 2
    assert regulars("programme", "validate", str(file.with_name("none.yaml"))).code == 2
    with database.transaction() as tx:
        assert drafts.drafts(tx) == []


def test_export_keeps_what_is_written_in_a_file(regulars, file: Path, database: Database):
    ours = file.read_text().replace("# What members know it by.", "# As the flyer says.")
    file.write_text(ours)
    with database.transaction() as tx:
        content = programme.current(tx, at=NOON)
        programme.publish(tx, content, at=NOON, by="test")
    assert regulars("programme", "export", str(file)).code == 0
    assert file.read_text() == ours.replace("count: 12 ", "count: 24 ")
    assert regulars("programme", "export", str(file)).code == 0
    assert "As the flyer says" in file.read_text()
    assert regulars("programme", "export", str(file), "--canonical").code == 0
    assert file.read_text() == drafts.canonical(content)
    assert regulars("programme", "export", "-").out == drafts.canonical(content)


def test_what_would_have_happened_under_a_file_is_told_and_kept(regulars, file: Path, database: Database):
    with database.transaction() as tx:
        now = datetime.now(UTC)
        bought = make.order("A1", "ada", make.line(unit_minor=6000), placed_at=now - timedelta(days=9))
        make.record(tx, make.shop(tx), bought, at=now)
    file.write_text(file.read_text().replace("/ 10", "/ 5"))
    applied = regulars("programme", "apply", str(file), "--by", ADA, "--json").json
    told = regulars("programme", "what-if", str(file), "--months", "3", "--thousand-minor", "1000")
    assert (told.code, told.out.partition(" from ")[0]) == (0, "Orders: 1, of so many members: 1,")
    assert "1 win, 0 lose" in told.out
    found = regulars("programme", "what-if", str(file), "--json").json
    [points] = found["report"]["points"]
    assert (points["now"]["net"], points["draft"]["net"]) == (600, 1200)
    done = regulars("programme", "apply", str(file), "--by", BEN, "--approve", "--json")
    assert (done.json["what_if"], done.json["draft"], done.err) == (found["id"], applied["draft"], "")
