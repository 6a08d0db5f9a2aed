"""Exports as shops have them: every one is read right, or refused with what would help."""

import contextlib
import csv
import gzip
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.commerce.connectors import BadProfile
from regulars.insight.exports import UnreadableExport, read_export

GERMAN = """\
Bestellnummer;Kundennr.;Bestelldatum;Artikel;Menge;Einzelpreis
1001;K-17;28.02.2024;Tee, grün;2;1.249,50
1001;K-17;28.02.2024;Tasse;1;8,90
1002;K-18;01.03.2024;Müsli;3;4,00
1003;K-17;15.04.2024;Tee;1;12,50
"""
CHINESE = """\
订单号,会员,时间,金额,备注
A001,张三,2024年1月5日 10:22,"￥1,299.00",
A002,李四,2024年1月6日 11:00,￥58.50,请放门口
A003,张三,2024年3月9日 09:15,￥120.00,
A003,张三,2024年3月12日 09:15,￥-120.00,退款
A004,,2024年3月13日 09:15,￥20.00,
"""


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def read(path: Path, **options):
    """What was read, and the purchases as (name, day, minor units)."""
    with read_export(path, **options) as export:
        rows = export.purchases().to_pylist()
        names = export.names([row["customer"] for row in rows])
        purchases = [(names[row["customer"]], row["day"].isoformat(), row["amount_minor"]) for row in rows]
    assert export.read.used + sum(one.rows for one in export.read.drops) == export.read.rows
    return export.read, purchases


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_german_export_with_semicolons_and_decimal_commas(tmp_path: Path, encoding: str) -> None:
    found, purchases = read(written(tmp_path / "bestellungen.csv", GERMAN, encoding))
    assert {column.field: column.header for column in found.columns} == {
        "customer": "Kundennr.", "date": "Bestelldatum", "order": "Bestellnummer", "quantity": "Menge", "price": "Einzelpreis",
    }  # fmt: skip
    assert (found.delimiter, found.decimal, found.dates.order, found.dates.ambiguous) == (";", ",", "dmy", False)
    assert purchases == [("K-17", "2024-02-28", 250_790), ("K-17", "2024-04-15", 1_250), ("K-18", "2024-03-01", 1_200)]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_chinese_headers_and_an_order_that_was_paid_back_whole(tmp_path: Path, encoding: str) -> None:
    found, purchases = read(written(tmp_path / "订单.csv", CHINESE, encoding))
    assert (found.encoding, found.currency, found.column("customer").header) == (encoding, "CNY", "会员")
    assert purchases == [("张三", "2024-01-05", 129_900), ("李四", "2024-01-06", 5_850)]
    assert (found.refund_rows, found.refunded_orders) == (0, 1)
    assert [(one.reason, one.rows) for one in found.drops] == [("no_customer", 1)]
    assert "A004" in found.drops[0].example


def test_negative_rows_are_refunds_and_no_purchases(tmp_path: Path) -> None:
    text = "customer,date,amount\nada,2024-01-01,50.00\nada,2024-02-01,(20.00)\nada,2024-03-01,30.00\nben,2024-02-01,5.00-\n"
    found, purchases = read(written(tmp_path / "orders.csv", text))
    assert purchases == [("ada", "2024-01-01", 5_000), ("ada", "2024-02-01", -2_000), ("ada", "2024-03-01", 3_000)]
    assert (found.customers, found.refund_rows, found.refund_minor) == (1, 2, 2_500)


def test_several_lines_of_one_customer_on_one_day_are_one_purchase_and_amounts_are_optional(tmp_path: Path) -> None:
    text = "user_id|created_at\n7|2024-01-01T09:00:00Z\n7|2024-01-01T23:59:00Z\n7|2024-01-02T00:00:00Z\n8|2024-01-01T00:00:00Z\n"
    found, purchases = read(written(tmp_path / "log.txt", text))
    assert (found.money, found.delimiter) == ("none", "|")
    assert purchases == [("7", "2024-01-01", 0), ("7", "2024-01-02", 0), ("8", "2024-01-01", 0)]


def test_columns_are_found_by_what_is_in_them_where_no_header_says_it(tmp_path: Path) -> None:
    lines = "".join(
        f" {n % 40:05d} {n % 40:04d} {date(2024, 1, 1) + timedelta(n):%Y%m%d} {n % 3 + 1:2d} {n + 0.99:8.2f}\n"
        for n in range(200)
    )
    found, _ = read(written(tmp_path / "sample.txt", lines))
    assert not found.has_header
    assert [(one.field, one.header, one.how) for one in found.columns] == [
        ("customer", "column1", "content"), ("date", "column3", "content"), ("amount", "column5", "content"),
    ]  # fmt: skip
    assert (found.rows, found.customers) == (200, 40)


def test_what_is_given_goes_before_what_is_guessed(tmp_path: Path) -> None:
    path = written(tmp_path / "orders.csv", "a;customer;c;amount;e\nada;x;2024-01-01;1;2,50\nben;x;2024-01-02;1;3,50\n")
    _, purchases = read(path, columns={"customer": "a", "date": "c", "amount": "e"})
    assert purchases == [("ada", "2024-01-01", 250), ("ben", "2024-01-02", 350)]


@pytest.mark.parametrize(
    ("rows", "european", "order", "ambiguous", "why"),
    [
        (["03/02/2024", "04/01/2024"], True, "dmy", True, "custom"),
        (["03/02/2024", "04/01/2024"], False, "mdy", True, "custom"),
        (["25/12/2024", "04/01/2024"], False, "dmy", False, "file"),
        (["12/25/2024", "04/01/2024"], True, "mdy", False, "file"),
        (
            [f"{day:02d}/{month:02d}/2024" for month in range(1, 13) for day in range(1, 13)],
            False,
            "dmy",
            True,
            "sorted",
        ),
    ],
)
def test_the_order_of_day_and_month_is_said(
    tmp_path: Path, rows: list[str], order: str, why: str, *, european: bool, ambiguous: bool
) -> None:
    amount = "1,50" if european else "1.50"
    text = "customer;date;amount\n" if european else "customer,date,amount\n"
    mark = ";" if european else ","
    found, purchases = read(
        written(tmp_path / "orders.csv", text + "".join(f"ada{mark}{row}{mark}{amount}\n" for row in rows))
    )
    assert (found.dates.order, found.dates.ambiguous, found.dates.why) == (order, ambiguous, why)
    assert len(purchases) == len(rows)


def test_a_late_date_that_reads_in_one_order_only_decides_for_the_whole_file(tmp_path: Path) -> None:
    early = [f"ada,{day % 9 + 1:02d}/01/2024,1.50\n" for day in range(20_500)]
    found, purchases = read(
        written(tmp_path / "orders.csv", "customer,date,amount\n" + "".join([*early, "ben,31/01/2024,1.50\n"]))
    )
    assert (found.dates.order, found.dates.ambiguous, found.drops) == ("dmy", False, ())
    assert ("ben", "2024-01-31", 150) in purchases


def test_a_given_order_of_dates_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "orders.csv", "customer,date,amount\nada,03/02/2024,1.50\nada,25/12/2024,1.50\n")
    found, purchases = read(path, date_order="mdy")
    assert purchases == [("ada", "2024-03-02", 150)]
    assert [(one.reason, one.rows) for one in found.drops] == [("unreadable_date", 1)]


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [("5 Jan 2024", None, "2024-01-05"), ("Jan 5, 2024", None, "2024-01-05"), ("1704412800", None, "2024-01-05"), ("45296", None, "2024-01-05"),
     ("20240105", None, "2024-01-05"), ("05.01.24", None, "2024-01-05"), ("2024/1/5 9:30", None, "2024-01-05"), ("5|1|2024", "%d|%m|%Y", "2024-01-05")],
)  # fmt: skip
def test_ways_of_writing_a_day(tmp_path: Path, text: str, form: str | None, day: str) -> None:
    _, purchases = read(
        written(tmp_path / "orders.csv", f"customer\tdate\tamount\nada\t{text}\t1.50\n"), date_format=form
    )
    assert purchases == [("ada", day, 150)]


def test_an_excel_sheet(tmp_path: Path) -> None:
    openpyxl = workbook(
        tmp_path / "orders.xlsx",
        [
            ["Orders of 2024"],
            ["Customer", "Order date", "Total"],
            ["ada", "2024-01-05", 12.5],
            ["ada", "2024-02-05", 7],
        ],
    )
    found, purchases = read(openpyxl)
    assert found.kind == "excel"
    assert purchases == [("ada", "2024-01-05", 1_250), ("ada", "2024-02-05", 700)]


def workbook(path: Path, rows: list[list[object]]) -> Path:
    """The least that is an Excel file."""
    import zipfile

    def cell(value: object) -> str:
        return (
            f"<c><v>{value}</v></c>"
            if isinstance(value, (int, float))
            else f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        )

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    sheet = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in parts.items():
            packed.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return path


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "CustomerID": [17850.0, None],
            "InvoiceDate": [date(2024, 1, 5)] * 2,
            "Quantity": [2, 1],
            "UnitPrice": [2.55, 1.0],
        }
    )
    pq.write_table(table, tmp_path / "orders.parquet")
    found, purchases = read(tmp_path / "orders.parquet")
    assert purchases == [("17850", "2024-01-05", 510)]
    assert found.drops[0].reason == "no_customer"


def test_a_packed_file_and_cells_with_line_breaks(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "orders.csv.gz", "wt", encoding="utf-8", newline="") as packed:
        csv.writer(packed).writerows(
            [
                ["customer", "date", "amount", "note"],
                ["ada", "2024-01-05", "1.5", "two\nlines, and a comma"],
                ["ben", "2024-01-06", "2", ""],
            ]
        )
    _, purchases = read(tmp_path / "orders.csv.gz")
    assert purchases == [("ada", "2024-01-05", 150), ("ben", "2024-01-06", 200)]


def test_every_row_that_does_not_count_has_a_reason_and_an_example(tmp_path: Path) -> None:
    text = (
        "order,customer,date,amount,quantity,status\n1,ada,2024-01-01,5,1,paid\n2,,2024-01-01,5,1,paid\n3,ada,,5,1,paid\n4,ada,someday,5,1,paid\n"
        "5,ada,2024-01-03,free,1,paid\n6,ada,2024-01-03,5,1,Cancelled\n7,ada,2024-01-03,0,-4,paid\n8,Total,2024-01-03,30,6,\n9,ada,9999-01-01,5,1,paid\n"
        "10,ada,2024-01-05,5,1,partially_refunded\n"
    )
    found, purchases = read(written(tmp_path / "orders.csv", text))
    assert sorted((one.reason, one.rows) for one in found.drops) == [
        ("cancelled", 1), ("impossible_date", 1), ("no_customer", 1), ("no_date", 1), ("stock_adjustment", 1), ("total_row", 1),
        ("unreadable_amount", 1), ("unreadable_date", 1),
    ]  # fmt: skip
    assert all(one.example for one in found.drops)
    assert purchases == [("ada", "2024-01-01", 500), ("ada", "2024-01-05", 500)]


def test_lines_with_too_many_cells_are_counted(tmp_path: Path) -> None:
    found, purchases = read(
        written(
            tmp_path / "orders.csv", "customer,date,amount\nada,2024-01-01,5\nben,2024-01-01,5,7,8\nada,2024-01-02,5\n"
        )
    )
    assert [(one.reason, one.rows) for one in found.drops] == [("broken_line", 1)]
    assert len(purchases) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        ("  \n\n", "it is empty"),
        ("customer,date,amount\n", "nothing below it"),
        ("customer,shade,amount\nada,red,5\nben,blue,6\n", "no column holds dates"),
        ("date,amount\n2024-01-01,5.25\n2024-01-02,6.25\n", "no column says who bought"),
        ("customer,date,amount\n,2024-01-01,5\n,2024-01-02,6\n", "2 rows: no customer"),
        ("just a text\nwithout any table\n", "one column only"),
    ],
)
def test_what_cannot_be_analysed_is_refused_with_a_remedy(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UnreadableExport, match=says), contextlib.ExitStack() as stack:
        stack.enter_context(read_export(written(tmp_path / "orders.csv", text)))


def test_a_file_that_is_not_there_and_one_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(UnreadableExport, match="no such file"), read_export(tmp_path / "none.csv"):
        pass
    with (
        pytest.raises(UnreadableExport, match="Excel file, unpacked"),
        read_export(written(tmp_path / "a.zip", "PK\x03\x04rubbish")),
    ):
        pass


def test_mapping_a_column_that_is_not_there_says_which_there_are(tmp_path: Path) -> None:
    path = written(tmp_path / "orders.csv", "customer,date\nada,2024-01-01\n")
    with pytest.raises(BadProfile, match="the file has customer, date"), read_export(path, columns={"amount": "sum"}):
        pass
    with pytest.raises(BadProfile, match="map one of customer"), read_export(path, columns={"colour": "date"}):
        pass
