"""Exports as shops write them: headers guessed, conventions stated, every row accounted for."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import make
from conftest import NOON
from regulars import commerce, members
from regulars.commerce import connectors as files
from regulars.commerce.connectors import Profile
from regulars.storage import Transaction

HEADER = "Order,Date,Customer,SKU,Quantity,Price"


def csv(tmp_path: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = tmp_path / "orders.csv"
    path.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    return path


def read(
    tx: Transaction, path: Path, currency: str = "GBP", time_zone: str = "Europe/London", **profile: object
) -> files.Source:
    shop = make.shop(tx, currency=currency, time_zone=time_zone)
    return files.read_file(path, Profile(profile.pop("columns", {}), **profile), shop)  # pyright: ignore[reportArgumentType]


def bring_in(tx: Transaction, source: files.Source, *, again: bool = False) -> files.Import:
    shop = commerce.shop_by_code(tx, "uk")
    running = files.begin_import(tx, shop, source, at=NOON, again=again)
    for chunk in source.chunks(after=running.chunks_done):
        running = files.record_chunk(tx, shop, running, files.announce_chunk(tx, shop, chunk, at=NOON), at=NOON)
    return files.finish_import(tx, running, at=NOON)


def lines(tx: Transaction) -> list[tuple[object, ...]]:
    return tx.rows(
        """
        select o.external_id, l.line_no, p.sku, l.quantity, l.unit_minor, l.amount_minor
        from commerce_order_lines l join commerce_orders o using (order_id) join commerce_products p using (product_id)
        order by o.placed_at, o.external_id, l.line_no
        """
    )


def test_a_plain_export_is_imported_without_being_told_anything(tx: Transaction, tmp_path: Path) -> None:
    source = read(
        tx,
        csv(
            tmp_path,
            "1,2026-01-05 10:00,ada,MUG,2,2.55",
            "1,2026-01-05 10:00,ada,CUP,1,0.10",
            "2,2026-01-06,,MUG,1,2.55",
        ),
    )
    done = bring_in(tx, source)
    assert source.profile.columns == {
        "order": "Order",
        "date": "Date",
        "customer": "Customer",
        "sku": "SKU",
        "quantity": "Quantity",
        "price": "Price",
    }
    assert lines(tx) == [("1", 1, "MUG", 2, 255, 510), ("1", 2, "CUP", 1, 10, 10), ("2", 1, "MUG", 1, 255, 255)]
    assert done.report["verdicts"] == {"order": 3}
    assert done.report["documents"] == {"orders recorded": 2}
    assert members.by_external_id(tx, "ada", issuer="uk")


def test_dates_are_read_in_the_shops_time_zone_unless_they_bring_their_own(tx: Transaction, tmp_path: Path) -> None:
    bring_in(
        tx,
        read(
            tx,
            csv(
                tmp_path,
                "1,2025-07-01 00:30,a,X,1,1",
                "2,2025-07-01T00:30:00Z,a,X,1,1",
                "3,2025-07-01T00:30:00+09:00,a,X,1,1",
            ),
        ),
    )
    assert [at.isoformat() for at in tx.values("select placed_at from commerce_orders order by external_id")] == [
        "2025-06-30T23:30:00+00:00",
        "2025-07-01T00:30:00+00:00",
        "2025-06-30T15:30:00+00:00",
    ]


def test_rows_that_cannot_be_read_are_returned_with_reasons_and_the_rest_is_imported(
    tx: Transaction, tmp_path: Path
) -> None:
    path = csv(
        tmp_path,
        "1,2026-01-05,ada,MUG,2,2.55",
        "1,2026-01-05,ada,CUP,two,2.55",
        ",2026-01-05,ada,CUP,1,2.55",
        "2,someday,ada,CUP,1,2.55",
        "2,2026-01-05,ada,CUP,1.5,2.55",
        "2,2026-01-05,ada,CUP,1,free",
        "2,2026-01-05,ada,,1,2.55",
        "3,2026-01-07,ben,CUP,1,-2.55",
    )
    source = read(tx, path)
    bring_in(tx, source)
    target = tmp_path / "rejects.csv"
    assert source.write_rejects(target) == 7
    assert [row.split(",")[:2] for row in target.read_text().splitlines()] == [
        ["row", "reason"],
        ["2", "quantity cannot be read"],
        ["3", "no order number"],
        ["4", "date cannot be read"],
        ["5", "quantity is not a whole number"],
        ["6", "price cannot be read"],
        ["7", "no product"],
        ["8", "price is negative"],
    ]
    assert lines(tx) == [("1", 1, "MUG", 2, 255, 510)]


def test_a_corrected_file_brings_exactly_what_was_missing(tx: Transaction, tmp_path: Path) -> None:
    bring_in(
        tx,
        read(
            tx,
            csv(tmp_path, "1,2026-01-05,ada,MUG,2,2.55", "1,2026-01-05,ada,CUP,two,2.55", "1,2026-01-05,ada,PEN,1,1"),
        ),
    )
    assert [row[:3] for row in lines(tx)] == [("1", 1, "MUG"), ("1", 3, "PEN")]
    done = bring_in(
        tx,
        read(
            tx, csv(tmp_path, "1,2026-01-05,ada,MUG,2,2.55", "1,2026-01-05,ada,CUP,2,2.55", "1,2026-01-05,ada,PEN,1,1")
        ),
    )
    assert done.report["documents"] == {"orders amended": 1}
    assert [row[:4] for row in lines(tx)] == [("1", 1, "MUG", 2), ("1", 2, "CUP", 2), ("1", 3, "PEN", 1)]


def test_semicolons_decimal_commas_and_another_encoding(tx: Transaction, tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "1;05.01.2026;Zoë;Tasse;2;1.234,50",
        header="Bestellung;Tag;Kunde;Artikel;Menge;Preis",
        encoding="latin-1",
    )
    columns = {
        "order": "Bestellung",
        "date": "Tag",
        "customer": "Kunde",
        "sku": "Artikel",
        "quantity": "Menge",
        "price": "Preis",
    }
    bring_in(tx, read(tx, path, columns=columns, decimal=",", currency="EUR"))
    assert lines(tx) == [("1", 1, "Tasse", 2, 123_450, 246_900)]
    assert members.by_external_id(tx, "Zoë", issuer="uk")


def test_a_currency_without_minor_units(tx: Transaction, tmp_path: Path) -> None:
    bring_in(tx, read(tx, csv(tmp_path, "1,2026-01-05,ada,MUG,2,1200"), currency="JPY"))
    assert lines(tx) == [("1", 1, "MUG", 2, 1200, 2400)]


def test_dates_that_read_both_ways_must_be_told_apart(tx: Transaction, tmp_path: Path) -> None:
    path = csv(tmp_path, "1,05/02/2025,ada,MUG,1,1", "2,06/03/2025,ada,MUG,1,1")
    with pytest.raises(
        files.UnreadableFile, match="reads both as %d/%m/%Y and as %m/%d/%Y: say which by --date-format"
    ):
        read(tx, path)
    bring_in(tx, read(tx, path, date_format="%m/%d/%Y"))
    assert [at.month for at in tx.values("select placed_at from commerce_orders order by external_id")] == [5, 6]


def test_one_day_beyond_twelve_settles_the_order_of_day_and_month(tx: Transaction, tmp_path: Path) -> None:
    bring_in(tx, read(tx, csv(tmp_path, "1,05/01/2026,ada,MUG,1,1", "2,26/02/2026,ada,MUG,1,1")))
    assert [at.month for at in tx.values("select placed_at from commerce_orders order by external_id")] == [1, 2]


def test_negative_quantities_are_returns_of_the_order_they_name(tx: Transaction, tmp_path: Path) -> None:
    source = read(tx, csv(tmp_path, "1,2026-01-05,ada,MUG,3,2.00", "1,2026-01-09,ada,MUG,-1,2.00"))
    bring_in(tx, source)
    assert source.verdicts == {"order": 1, "return": 1}
    assert tx.rows("select quantity, amount_minor, order_line_no from commerce_return_lines") == [(1, 200, 1)]


def test_an_export_of_totals_needs_neither_products_nor_quantities(tx: Transaction, tmp_path: Path) -> None:
    bring_in(tx, read(tx, csv(tmp_path, "1,2026-01-05,ada,19.99", header="order_id,created_at,customer_id,total")))
    assert lines(tx) == [("1", 1, "ORDER", 1, 1999, 1999)]


def test_contact_data_comes_along_and_a_bad_address_keeps_no_order_out(tx: Transaction, tmp_path: Path) -> None:
    header = "Order,Date,Customer,Email,Customer name,SKU,Quantity,Price"
    bring_in(
        tx,
        read(
            tx,
            csv(
                tmp_path,
                "1,2026-01-05,7,Ada@Shop.example,Ada L,MUG,1,1",
                "2,2026-01-05,8,nonsense,Ben,MUG,1,1",
                header=header,
            ),
        ),
    )
    ada, ben = (members.by_external_id(tx, name, issuer="uk") for name in ("7", "8"))
    assert (ada.email, ada.name, ben.email, ben.name) == ("ada@shop.example", "Ada L", None, "Ben")


def test_a_name_nobody_can_have_keeps_no_order_out(tx: Transaction, tmp_path: Path) -> None:
    header = "Order,Date,Customer,Customer name,SKU,Quantity,Price"
    bring_in(
        tx,
        read(
            tx, csv(tmp_path, f"1,2026-01-05,7,{'x' * 201},MUG,1,1", "2,2026-01-05,8,Ben\u00a0B,MUG,1,1", header=header)
        ),
    )
    assert [members.by_external_id(tx, name, issuer="uk").name for name in ("7", "8")] == [None, None]
    assert len(lines(tx)) == 2


def test_the_same_file_again_is_known_and_gone_through_again_on_request(tx: Transaction, tmp_path: Path) -> None:
    path = csv(tmp_path, "1,2026-01-05,ada,MUG,2,2.55")
    first = bring_in(tx, read(tx, path))
    assert bring_in(tx, read(tx, path)) == first
    assert bring_in(tx, read(tx, path), again=True).report["documents"] == {"orders replayed": 1}


@pytest.mark.parametrize(
    ("header", "columns", "message"),
    [
        ("a,b", {}, "order is 'unmapped': say which column it is: --map order=…; the file has a, b."),
        ("Order,Date", {}, "price is 'unmapped': say --map price=… or --map amount=…; the file has Order, Date."),
        (
            HEADER,
            {"customer": "Buyer"},
            "--map customer is 'Buyer': the file has Order, Date, Customer, SKU, Quantity, Price.",
        ),
        (HEADER, {"colour": "SKU"}, "--map is 'colour': map one of order, date, customer"),
    ],
    ids=["no order", "no price", "no such header", "no such field"],
)
def test_columns_that_cannot_be_told_are_asked_for_by_name(
    tx: Transaction, tmp_path: Path, header: str, columns: dict[str, str], message: str
) -> None:
    with pytest.raises(files.BadProfile) as refused:
        read(tx, csv(tmp_path, ",".join("1" for _ in header.split(",")), header=header), columns=columns)
    assert str(refused.value).startswith(message)


def test_what_is_no_export_is_refused(tx: Transaction, tmp_path: Path) -> None:
    with pytest.raises(files.UnreadableFile, match="there is no such file"):
        read(tx, tmp_path / "missing.csv")
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 not really")
    with pytest.raises(files.UnreadableFile, match="give a CSV or Parquet file"):
        read(tx, broken)


def test_quotes_in_names_and_values_are_only_text(tx: Transaction, tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        '1,2026-01-05,"a\'; drop table members; --","M""UG",1,1',
        header='"Or""der\'s",Date,Customer,SKU,Quantity,Price',
    )
    bring_in(tx, read(tx, path, columns={"order": "Or\"der's"}, return_prefix="'", kinds={"shipping": ("it's*",)}))
    assert lines(tx) == [("1", 1, 'M"UG', 1, 100, 100)]


def test_a_profile_is_kept_under_its_name(tx: Transaction) -> None:
    profile = Profile(
        {"order": "No"}, decimal=",", return_prefix="C", kinds={"shipping": ["POST"]}, ignored_prefixes=["A"]
    )
    files.save_profile(tx, "till", profile, at=NOON)
    assert files.load_profile(tx, "till") == profile


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("12.50", 1250),
        ("£12.50", 1250),
        ("1,190.00", 119_000),
        ("12 EUR", 1200),
        (".5", 50),
        ("1,234,567", 123_456_700),
        ("1.005", 101),
        ("0.285", 29),
        ("1.0049999999999999999999", 100),
        ("9999999999.99", 999_999_999_999),
        ("9999999999.985", 999_999_999_999),
    ],
)
def test_prices_are_read_as_they_are_written(tx: Transaction, tmp_path: Path, written: str, minor: int) -> None:
    bring_in(tx, read(tx, csv(tmp_path, f'1,2026-01-05,ada,MUG,1,"{written}"')))
    assert [row[4] for row in lines(tx)] == [minor]


@pytest.mark.parametrize("written", ["10000000001", "12345678901234567", "9" * 40])
def test_a_price_beyond_any_order_is_rejected_however_long(tx: Transaction, tmp_path: Path, written: str) -> None:
    assert read(tx, csv(tmp_path, f"1,2026-01-05,ada,MUG,1,{written}")).verdicts == {
        "rejected: price is beyond any order": 1
    }


def test_returned_prices_are_rounded_as_sold_ones_are(tx: Transaction, tmp_path: Path) -> None:
    header = "Order,Date,Customer,SKU,Quantity,Amount"
    bring_in(tx, read(tx, csv(tmp_path, "1,2026-01-05,a,MUG,1,1.005", "1,2026-01-06,a,MUG,-1,-1.005", header=header)))
    assert tx.values("select amount_minor from commerce_return_lines") == [101]


def test_doubles_of_a_parquet_file_are_rounded_to_the_nearest_minor_unit(tx: Transaction, tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    prices = [0.285, 19.99, 0.1 + 0.2, 1.0049]
    rows = {"Order": [str(n) for n in range(4)], "Date": ["2026-01-05"] * 4, 'S"KU': ["MUG"] * 4, 'Pr"ice': prices}
    pq.write_table(pa.table(rows), path)
    bring_in(tx, read(tx, path, columns={"sku": 'S"KU', "price": 'Pr"ice'}))
    assert [row[4] for row in lines(tx)] == [round(price * 100) for price in prices]


@pytest.mark.parametrize("written", ["12,50", "1.190,00", "1,19", "1e3", "12.5.0", "1_000"])
def test_a_price_written_another_way_is_rejected_not_misread(tx: Transaction, tmp_path: Path, written: str) -> None:
    assert read(tx, csv(tmp_path, f'1,2026-01-05,ada,MUG,1,"{written}"')).verdicts == {
        "rejected: price cannot be read": 1
    }


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-01-12T10:00:00+08", "02:00"),
        ("2026-01-12 10:00:00 -0400", "14:00"),
        ("2026-01-12 10:00:00 UTC", "10:00"),
        ("2026-01-12T10:00:00.5Z", "10:00"),
        ("2026-01-12 10:00", "09:00"),
        ("2026-01-12", "23:00"),
    ],
)
def test_a_time_that_brings_its_zone_keeps_it(tx: Transaction, tmp_path: Path, written: str, at: str) -> None:
    bring_in(tx, read(tx, csv(tmp_path, f"1,{written},ada,MUG,1,1"), time_zone="Europe/Berlin"))
    assert tx.value("select to_char(placed_at at time zone 'UTC', 'HH24:MI') from commerce_orders") == at


def test_a_zone_nobody_knows_and_times_beyond_any_order_are_rejected(tx: Transaction, tmp_path: Path) -> None:
    rows = ["1,2026-01-12 10:00:00 EST,a,X,1,1", "2,infinity,a,X,1,1", "3,12000-01-01,a,X,1,1", "4,2026-01-12,a,X,1,1"]
    verdicts = read(tx, csv(tmp_path, *rows)).verdicts
    assert verdicts["order"] == 1
    assert sum(count for verdict, count in verdicts.items() if verdict.startswith("rejected: date")) == 3


def test_a_format_with_an_offset_keeps_it(tx: Transaction, tmp_path: Path) -> None:
    path = csv(tmp_path, "1,12/01/2026 10:00 -0400,ada,MUG,1,1")
    bring_in(tx, read(tx, path, date_format="%d/%m/%Y %H:%M %z"))
    assert tx.value("select to_char(placed_at at time zone 'UTC', 'HH24:MI') from commerce_orders") == "14:00"


def test_lines_broken_inside_quotes_and_unprintable_zeros_are_only_text(tx: Transaction, tmp_path: Path) -> None:
    header = "Order,Date,Customer,SKU,Description,Quantity,Price"
    bring_in(
        tx, read(tx, csv(tmp_path, '1,2026-01-05,a,MUG,"Blue\nmug",2,1', "2,2026-01-05,a,C\0UP,Cup,1,1", header=header))
    )
    assert [(row[0], row[2], row[3]) for row in lines(tx)] == [("1", "MUG", 2), ("2", "CUP", 1)]


def test_without_customer_numbers_the_address_tells_customers_apart(tx: Transaction, tmp_path: Path) -> None:
    header = "Name,Created at,Email,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku"
    bring_in(
        tx, read(tx, csv(tmp_path, "#1,2026-01-05 10:00:00 -0400,ada@home.example,2,Mug,12.50,MUG", header=header))
    )
    assert members.by_identity(tx, "email", "ada@home.example").external_id == "ada@home.example"
    assert lines(tx) == [("#1", 1, "MUG", 2, 1250, 2500)]
