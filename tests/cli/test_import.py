"""`regulars import orders` and `import points`: what they say, and what they do when the file is known."""

from pathlib import Path

import pytest

ORDERS = "order,date,customer,sku,quantity,price\n1,2026-01-05,ada,MUG,2,2.55\n2,2026-01-06,ben,MUG,1,2.55\n"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS, "utf-8")
    return path


def test_a_known_file_is_said_to_be_known_with_its_date_and_how_to_force_it(regulars, export: Path) -> None:
    first = regulars("import", "orders", str(export), "--json")
    assert (first.code, first.json["already_imported_at"]) == (0, None)
    assert first.json["documents"] == {"orders recorded": 2}
    known = regulars("import", "orders", str(export))
    assert known.code == 0
    assert known.out.startswith("Already imported on 20")
    assert "UTC as orders.csv" in known.out
    assert "--again" in known.out
    assert "orders recorded" not in known.out
    told = regulars("import", "orders", str(export), "--json").json
    assert told["already_imported_at"].startswith("20")
    assert told["import_id"] == first.json["import_id"]


def test_a_dry_run_of_a_known_file_says_so_too(regulars, export: Path) -> None:
    assert "Already imported" not in regulars("import", "orders", str(export), "--dry-run").err
    regulars("import", "orders", str(export))
    ran = regulars("import", "orders", str(export), "--dry-run")
    assert "Dry run: nothing was imported." in ran.err
    assert "Already imported on" in ran.err


def test_again_goes_through_it_and_the_date_of_the_first_time_stays(regulars, export: Path) -> None:
    regulars("import", "orders", str(export))
    first = regulars("import", "orders", str(export), "--json").json["already_imported_at"]
    again = regulars("import", "orders", str(export), "--again", "--json").json
    assert (again["already_imported_at"], again["documents"]) == (None, {"orders replayed": 2})
    assert regulars("import", "orders", str(export), "--json").json["already_imported_at"] == first


OPENINGS = "customer,points,valid until,id\nada,100,2090-12-31,1\nben,50,,2\nada,5,someday,3\ncleo,7,,4\n"


@pytest.fixture
def openings(regulars, export: Path, tmp_path: Path) -> Path:
    """A file of opening balances, and a shop with two of its members."""
    regulars("import", "orders", str(export), "--shop", "uk", "--time-zone", "Europe/London")
    path = tmp_path / "points.csv"
    path.write_text(OPENINGS, "utf-8")
    return path


def test_opening_balances_are_tried_then_imported_and_known_the_next_time(regulars, openings: Path) -> None:
    before = regulars("members", "show", "ada", "--json").json["points"]["available"]
    tried = regulars("import", "points", str(openings), "--dry-run", "--json").json
    assert (tried["dry_run"], tried["rows"]) == (True, {"posted": 2, "refused": 1})
    assert regulars("members", "show", "ada", "--json").json["points"]["available"] == before
    done = regulars("import", "points", str(openings), "--total", "162", "--json").json
    assert done["rows"] == tried["rows"]
    assert done["totals"] == {"points": {"in_file": 162, "unread": 5, "posted": 150, "known": 0, "refused": 7}}
    assert regulars("members", "show", "ada", "--json").json["points"]["available"] == before + 100
    rejected = (openings.parent / "points.csv.rejects.csv").read_text("utf-8").splitlines()
    assert [line.split(",")[0] for line in rejected] == ["row", "3", "4"]
    known = regulars("import", "points", str(openings))
    assert known.out.startswith("Already imported on 20")
    again = regulars("import", "points", str(openings), "--again", "--enrol")
    assert again.code == 0
    assert "known" in again.out
    assert regulars("members", "show", "cleo", "--json").json["points"]["available"] == 7


def test_opening_balances_of_another_sum_are_not_imported(regulars, openings: Path) -> None:
    ran = regulars("import", "points", str(openings), "--total", "163")
    assert ran.code == 3
    assert "The file holds 162 points, and 163 were expected: nothing was imported" in ran.err
    assert regulars("import", "points", str(openings), "--dry-run", "--json").json["rows"]["posted"] == 2
    bad = regulars("import", "points", str(openings), "--total", "many")
    assert (bad.code, "--total is 'many'" in bad.err) == (2, True)
