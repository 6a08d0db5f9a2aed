"""Every row of an export becomes a line with a verdict, by one statement that reads the file once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from regulars.insight.exports._files import named, quoted
from regulars.insight.exports._records import Column, Dates, Reason

Money = Literal["amount", "price_times_quantity", "price", "none"]

USED: Final = 0
"""The verdict of rows that count; the others are the places of their reasons among `REASONS`, from 1 on."""

REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

_CANCELLED: Final = r"cancel|storn|annul|anulad|void|取消|关闭|作废|refunded|已退款|退款成功|erstattet|^returned"
_TOTAL: Final = r"(grand |sub)?totals?|summe|gesamt|合计|总计|小计"
_NOBODY: Final = ("-", "nan", "null", "none", "n/a", "na", "0", "guest", "游客")
_BEYOND: Final = 10**13
_REAL: Final = frozenset({"DOUBLE", "FLOAT"})
_WHOLE: Final = frozenset(
    {"BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT"}
)


@dataclass(frozen=True, slots=True)
class Form:
    """All that has to be known to read a row."""

    columns: Mapping[str, Column]
    types: Mapping[str, str]
    decimal: Literal[".", ","]
    dates: Dates
    digits: int
    currency: str | None
    money: Money

    def text(self, field: str) -> str:
        """The cell as a text, null when nothing is in it. 17850.0 is what spreadsheets make of 17850."""
        if field not in self.columns:
            return "null::varchar"
        header = self.columns[field].header
        plain = f"nullif(trim({named(header)}::varchar), '')"
        if self.types[header] in _REAL or field in {"customer", "order"}:
            return f"case when ends_with({plain}, '.0') then {plain}[:-3] else {plain} end"
        return plain

    def number(self, field: str) -> str:
        """The cell as a number: currency signs, thousands, brackets and minus signs behind are understood."""
        kind = self.types[self.columns[field].header] if field in self.columns else ""
        if kind in _REAL | _WHOLE or kind.startswith("DECIMAL"):
            value = f"{named(self.columns[field].header)}::double"
            return f"case when isfinite({value}) then {value} end"
        text = self.text(field)
        bare = f"regexp_replace({text}, '[^0-9.,()-]', '', 'g')"
        point = f"replace(replace({bare}, '.', ''), ',', '.')" if self.decimal == "," else f"replace({bare}, ',', '')"
        sign = f"case when regexp_matches({bare}, '^[(]|-$') then -1 else 1 end"
        tolerant = f"case when regexp_matches({text}, '^[^0-9]{{0,6}}[0-9][^A-Za-z]*[^0-9]{{0,6}}$') then {sign} * try_cast(trim({point}, '()-') as double) * case when starts_with({bare}, '-') then -1 else 1 end end"
        if self.decimal == ",":
            return tolerant
        return f"coalesce(try_cast({text} as double), {tolerant})"


def verdict(reason: Reason) -> int:
    """The number a reason is kept as."""
    return REASONS.index(reason) + 1


def statement(form: Form) -> str:
    """The one that makes the table `lines` of the view `file`."""
    tests: list[tuple[str, Reason]] = [
        ("customer is null", "no_customer"),
        (f"regexp_full_match(lower(customer), '{_TOTAL}')", "total_row"),
        ("date_text is null", "no_date"),
        ("coalesce(day, other_day) is null", "unreadable_date"),
        ("year(coalesce(day, other_day)) not between 1900 and 2199", "impossible_date"),
    ]
    if form.money != "none":
        tests.extend(
            [
                ("money_text is null", "no_amount"),
                ("amount is null", "unreadable_amount"),
                (f"abs(amount) > {_BEYOND}", "impossible_amount"),
            ]
        )
        tests.extend([("amount = 0 and quantity < 0", "stock_adjustment")])
    if "currency" in form.columns and form.currency:
        tests.extend([(f"upper(currency) <> '{quoted(form.currency)}'", "other_currency")])
    if "status" in form.columns:
        tests.extend(
            [(f"regexp_matches(lower(status), '{_CANCELLED}') and not contains(lower(status), 'partial')", "cancelled")]
        )
    cases = " ".join(f"when {test} then {verdict(reason)}" for test, reason in tests)
    nobody = ", ".join(f"'{one}'" for one in _NOBODY)
    customer = form.text("customer")
    return f"""
        create table lines as
        select customer, day, other_day, coalesce(cast(amount as bigint), 0) * case when amount > 0 and quantity < 0 then -1 else 1 end as amount,
            coalesce(amount < 0, false) or coalesce(quantity < 0, false) as refund, order_key, discounted, verdict::utinyint as verdict,
            case when verdict > 0 then concat_ws(' | ', customer, order_text, date_text, money_text, quantity_text, status) end as said
        from (select *, case {cases} else {USED} end as verdict from (
            select case when lower({customer}) in ({nobody}) then null else {customer} end as customer,
                {form.text("date")} as date_text, {day(form, "day")} as day, {day(form, "other")} as other_day,
                {form.text("amount" if form.money == "amount" else "price")} as money_text, {_amount(form)} as amount,
                {form.number("quantity") if "quantity" in form.columns else "null::double"} as quantity,
                {form.text("quantity")} as quantity_text, {form.text("order")} as order_text,
                {"hash(" + form.text("order") + ")" if "order" in form.columns else "null::ubigint"} as order_key,
                {"coalesce(" + form.number("discount") + " <> 0, false)" if "discount" in form.columns else "null::boolean"} as discounted,
                {form.text("status")} as status, {form.text("currency")} as currency
            from file))
    """


def _amount(form: Form) -> str:
    """Minor units: a decimal is rounded as it is written, for no double is 1.005."""
    scale = 10**form.digits
    if form.money == "none":
        return "null::double"
    if form.money == "amount":
        number = form.number("amount")
        column = form.columns["amount"].header
        exact = f"try_cast({named(column)} as decimal(18, {form.digits})) * {scale}"
        written = form.types[column] == "VARCHAR" and form.decimal == "."
        return (
            f"coalesce({exact}, round({number} * {scale}))::double"
            if written
            else f"round(round({number} * {scale}, 4))"
        )
    quantity = f" * {form.number('quantity')}" if form.money == "price_times_quantity" else ""
    return f"round(round({form.number('price')}{quantity} * {scale}, 4))"


def day(form: Form, which: Literal["day", "other"]) -> str:  # noqa: PLR0911 - one return for each way of writing
    """The day of a row; the `other` one is that of reading day and month the other way round."""
    header = form.columns["date"].header
    column, dates = named(header), form.dates
    if dates.form == "date":
        return "null::date" if which == "other" else f"try_cast({column} as date)"
    text = f"trim({column}::varchar)"
    slashed = dates.form.startswith(("%d-%m-", "%m-%d-")) and dates.form[-2:] in {"%Y", "%y"} and dates.why != "given"
    if which == "other":
        other = {"%d-%m": "%m-%d", "%m-%d": "%d-%m"}.get(dates.form[:5], "") + dates.form[5:]
        return _numeric(text, other) if slashed else "null::date"
    if dates.form == "iso":
        first = f"substr({text}, 1, 10)"
        loose = f"regexp_replace({text}, '^(\\d{{4}})[-/.年](\\d{{1,2}})[-/.月](\\d{{1,2}}).*$', '\\1-\\2-\\3')"
        return f"coalesce(try_cast({first} as date), try_cast({loose} as date))"
    if dates.form == "%Y%m%d":
        return f"try_strptime(substr({text}, 1, 8), '%Y%m%d')::date"
    if dates.form == "epoch":
        return f"to_timestamp(try_cast(substr({text}, 1, 10) as bigint))::date"
    if dates.form == "serial":
        return f"(date '1899-12-30' + try_cast(floor(try_cast({text} as double)) as integer))::date"
    if dates.order in {"dmy", "mdy"}:
        return _numeric(text, dates.form)
    form_text = quoted(dates.form)
    words = dates.form.count(" ") + 1
    cut = f"array_to_string(string_split({text}, ' ')[1:{words}], ' ')"
    return f"coalesce(try_strptime({text}, '{form_text}'), try_strptime({cut}, '{form_text}'))::date"


def _numeric(text: str, form: str) -> str:
    first = f"split_part(replace(replace({text}, 'T', ' '), ',', ' '), ' ', 1)"
    return f"try_strptime(translate({first}, './', '--'), '{form}')::date"


def money_of(columns: Mapping[str, Column]) -> Money:
    """What amounts are made of: price times quantity says more than a total that many exports repeat on every line."""
    amount, price = columns.get("amount"), columns.get("price")
    if price and "quantity" in columns and not (amount and amount.how == "given"):
        return "price_times_quantity"
    if amount:
        return "amount"
    return "price" if price else "none"
