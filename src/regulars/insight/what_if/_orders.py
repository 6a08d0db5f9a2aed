"""Orders as the rules of a programme see them: the columns that they read, each from what is known of the order and its member."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from regulars.insight.engine import Session
from regulars.programme import Programme, campaigns, earning
from regulars.programme.expressions import text

_DAY: Final = 86_400_000_000
_PARTS: Final[Mapping[str, str]] = {
    "year": "extract(year from {at})", "month": "extract(month from {at})", "day": "extract(day from {at})",
    "weekday": "extract(isodow from {at})", "hour": "extract(hour from {at})",
    "date": "date_diff('day', date '1970-01-01', ({at})::date)",
}  # fmt: skip
_BIRTHDAY: Final = r"^(?:\d{4}-)?(\d\d)-(\d\d)$"
_SINCE_EVER: Final = "unbounded preceding"


def rules_of(programme: Programme) -> earning.Rules:
    """A programme's rules for orders, those of campaigns among them, compiled."""
    return earning.compiled(*campaigns.owned(programme.earning, programme.campaigns), programme.events)


def unknown(programme: Programme) -> list[str]:
    """The columns that rules for orders read and a replay does not fill."""
    return sorted(name for name in rules_of(programme).columns if name.startswith(("member_tiers_", "history_events_")))


def sell(session: Session, programme: Programme) -> None:
    """Make `bought` and `bought_lines`: the orders whose currency has a rate, in the programme's; and `back`, step by step."""
    rates = {programme.currency: (1, 1)} | {one.currency: (one.to_minor, one.per_minor) for one in programme.rates}
    listed = ", ".join(f"({text(code)}, {to}, {per})" for code, (to, per) in rates.items())
    session.keep("rates", f"select * from (values {listed}) r (currency, to_minor, per_minor)")
    session.keep("bought", _BOUGHT.format(currency=text(programme.currency)))
    session.keep("bought_lines", _LINES)
    session.keep("bought_spend", "select order_id, sum(amount_minor)::bigint as spend from bought_lines group by all")
    session.keep("back_lines", _BACK)
    session.keep("back", _STEPS)


_BOUGHT: Final = """
    select o.order_id, o.member_id, o.placed_at, o.paid_at, o.currency, o.country, o.shop, o.time_zone,
        (o.other_minor::hugeint * r.to_minor // r.per_minor)::bigint as other_minor, o.goods_minor,
        o.currency = {currency} as own
    from here_sold o join rates r using (currency)
    where exists (from here_lines l where l.order_id = o.order_id)
"""
_LINES: Final = f"""
    select l.order_id, l.line_no, coalesce(l.sku, '') as sku, coalesce(l.name, '') as name, l.quantity,
        coalesce(l.category, '') as category,
        case when coalesce(l.tags, '') = '' then []::varchar[] else string_split(l.tags, chr({ord(earning.TAGS_BETWEEN)})) end as tags,
        (coalesce(l.unit_minor, 0)::hugeint * r.to_minor // r.per_minor)::bigint as unit_minor,
        (l.amount_minor::hugeint * r.to_minor // r.per_minor)::bigint as amount_minor
    from here_lines l join bought o using (order_id) join rates r using (currency)
"""
_BACK: Final = """
    select c.order_id, c.return_id, c.returned_at, c.line_no, c.quantity,
        (l.amount_minor::hugeint * (c.before + c.quantity) // l.quantity - l.amount_minor::hugeint * c.before // l.quantity)::bigint
            as spend,
        dense_rank() over (partition by c.order_id order by c.returned_at, c.return_id) as step
    from here_back c join bought_lines l using (order_id, line_no)
"""
_STEPS: Final = """
    select row_number() over () as case_id, order_id, step, min(returned_at) as returned_at, sum(spend)::bigint as spend
    from back_lines group by order_id, step
"""


def cases(session: Session, programme: Programme) -> None:
    """Make `cases`: an order a row, with every column that the rules read. `tiers_before` says who had which tier."""
    rules = rules_of(programme)
    wanted = sorted(rules.columns - {"order_goods_minor", "order_total_minor", "order_pieces", "lines"})
    columns = [f", {code} as {name}" for name in wanted if (code := _column(name, programme)) is not None]
    session.keep(
        "cases",
        "select b.order_id, b.member_id, b.placed_at, b.paid_at, b.other_minor"
        + "".join(columns)
        + " from bought b left join here_people p using (member_id) left join tiers_before t using (order_id)",
    )


def _column(name: str, programme: Programme) -> str | None:
    zone = text(programme.time_zone)
    moments = {
        "order_placed_": f"timezone({zone}, b.placed_at)",
        "order_local_": "timezone(b.time_zone, b.placed_at)",
        "time_": f"timezone({zone}, b.paid_at)",
    }
    for prefix, at in moments.items():
        if name.startswith(prefix):
            return f"({_PARTS[name.removeprefix(prefix)].format(at=at)})::bigint"
    if name.startswith("history_") or name.endswith("_before"):
        return _before(name)
    return _COLUMNS[name]() if name in _COLUMNS else None


def _before(name: str) -> str:
    """What a member had bought before, in the programme's currency, as those orders were placed."""
    days = int(name.rpartition("_")[2]) if name.startswith("history_") else 0
    since = f"interval '{days} days' preceding" if days else _SINCE_EVER
    what = "count(*)" if "_orders" in name else "sum(b.goods_minor)"
    frame = (
        f"partition by b.member_id order by b.placed_at range between {since} and interval '1 microsecond' preceding"
    )
    return f"coalesce({what} filter (b.own) over ({frame}), 0)::bigint"


def _birth(group: int) -> str:
    month, day = (f"try_cast(regexp_extract(p.birthday, '{_BIRTHDAY}', {n}) as bigint)" for n in (1, 2))
    return f"case when {month} between 1 and 12 and {day} between 1 and 31 then {(month, day)[group]} else 0 end"


_JOINED: Final = "(epoch_us(b.placed_at) - epoch_us(p.joined_at))"
_COLUMNS: Final[Mapping[str, Callable[[], str]]] = {
    "order_currency": lambda: "b.currency",
    "order_country": lambda: "b.country",
    "order_shop": lambda: "b.shop",
    "member_tier": lambda: "coalesce(t.tier, '')",
    "member_country": lambda: "coalesce(p.country, '')",
    "member_joined_days": lambda: f"coalesce((({_JOINED} - (({_JOINED} % {_DAY}) + {_DAY}) % {_DAY}) // {_DAY}), 0)",
    "member_segments": lambda: "coalesce(p.segments, [])[:100]",
    "member_birthday_month": lambda: _birth(0),
    "member_birthday_day": lambda: _birth(1),
}


def parts_of(rules: earning.Rules) -> list[earning.Part]:
    """The kinds of points that rules give, and under which rule's own terms."""
    return list(dict.fromkeys(_part(one) for one in rules.rules))


def _part(one: earning.Compiled) -> earning.Part:
    return one.rule.point_type, one.rule.code if one.rule.terms is not None else ""


def sums(rules: earning.Rules) -> Iterator[str]:
    """The points of each part, of the verdicts: `p0`, `p1` and so on."""
    own = [_part(one) for one in rules.rules]
    for number, part in enumerate(parts_of(rules)):
        terms = [f"case when why{n} = 0 then points{n} else 0 end" for n, one in enumerate(own) if one == part]
        yield f"({' + '.join(terms)})::bigint as p{number}"
