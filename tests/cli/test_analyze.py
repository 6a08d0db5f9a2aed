"""`regulars analyze`, on files as a new user has them. It needs no database."""

import json
import re
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
import structlog

from regulars.cli import main


@pytest.fixture
def analyze(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    def run(*arguments: object):
        monkeypatch.setattr(sys, "argv", ["regulars", "analyze", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setenv("REGULARS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    yield run
    structlog.reset_defaults()  # the logs were told to write to an output that is closed after the test


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Forty customers over two years: customer n buys every n + 7 days; the first ten stop after half a year."""
    lines = ["order;customer;date;amount"]
    for n in range(40):
        until = date(2022, 7, 1) if n < 10 else date(2024, 1, 1)
        day = date(2022, 1, 3) + timedelta(days=n)
        while day < until:
            lines.append(f"{n}-{day:%j%y};c{n};{day:%d.%m.%Y};{n + 10},50")
            day += timedelta(days=n + 7)
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([*lines, ";;01.01.2023;5,00"]))
    return path


def test_a_report_is_written_beside_the_file_and_needs_nothing_else(analyze, shop: Path) -> None:
    code, out, err = analyze(shop)
    page = (shop.parent / "orders.csv.report.html").read_text("utf-8")
    assert (code, out) == (0, "")
    assert "customer = 'customer', by its name" in err
    assert "1 dropped: no customer" in err
    assert not re.search(r"(src|href)\s*=|url\(|@import|<script|https?://", page)
    assert page.count("<svg") >= 4
    assert 'lang="en"' in page


def test_the_report_speaks_chinese(analyze, shop: Path) -> None:
    assert analyze(shop, "--language", "zh", "--html", shop.parent / "zh.html")[0] == 0
    page = (shop.parent / "zh.html").read_text("utf-8")
    assert "下一步做什么" in page
    assert "Concentration" not in page


def test_standard_output_holds_nothing_but_json(analyze, shop: Path) -> None:
    code, out, _ = analyze(shop, "--json", "-")
    found = json.loads(out)
    assert code == 0
    assert found["base"]["customers"] == 40
    assert found["data"]["decimal"] == ","
    assert sum(customers for _, _, customers in found["rfm"]) == 40
    assert not (shop.parent / "orders.csv.report.html").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--map", "customer"], "write field=column"),
        (["--map", "customer=buyer"], "the file has order, customer, date, amount"),
        (["--decimal", "x"], "give . or ,"),
        (["--html", "/nowhere/report.html"], "name a file that can be written"),
    ],
)
def test_a_refusal_is_one_line_with_a_remedy(analyze, shop: Path, options: list[str], says: str) -> None:
    code, out, err = analyze(shop, *options)
    assert (code, out) == (2, "")
    assert says in err.splitlines()[-1]


def test_one_map_takes_several_columns(analyze, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("a,b,c,d\nada,2024-01-01,2,1.50\nada,2024-02-01,1,1.50\n")
    code, out, _ = analyze(path, "--map", "customer=a", "date=b", "quantity=c", "price=d", "--json", "-")
    assert (code, json.loads(out)["base"]["net_minor"]) == (0, 450)


def test_text_of_the_file_is_no_markup(analyze, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "customer,date,amount\n<script>alert(1)</script>,2024-01-01,5\n[red]b,2024-01-09,5\n"
    )
    assert analyze(tmp_path / "orders.csv")[0] == 0
    assert "<script>" not in (tmp_path / "orders.csv.report.html").read_text("utf-8")


def test_an_export_without_amounts_says_nothing_of_money(analyze, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("customer,date\nada,2024-01-01\nada,2024-02-01\nben,2024-02-01\n")
    assert analyze(tmp_path / "orders.csv")[0] == 0
    assert "Money kept" not in (tmp_path / "orders.csv.report.html").read_text("utf-8")
