"""`regulars import orders`: what it says, and what it does when the file is known."""

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
