"""`regulars members`."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from regulars import commerce, insight, ledger, members, programme
from regulars.app import App
from regulars.cli._app import AsJson, open_app, show, show_one
from regulars.insight import Filter
from regulars.storage import Transaction
from regulars.types import from_public, to_public

app = typer.Typer(help="The people the shop knows.", no_args_is_help=True)


@app.command("list")
def list_members(
    search: Annotated[
        str | None, typer.Argument(help="How a name, number, e-mail or phone begins.", show_default="everybody")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """Find members; those who spent most come first."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        page = insight.directory(tx, Filter(search=search), sort="spend", descending=True, limit=limit)
        show(
            [
                {
                    "member": to_public("mem", row.member_id),
                    "external_id": row.external_id,
                    "name": row.name,
                    "tier": row.tier,
                    "points": row.points,
                    "orders": row.orders,
                    "spend_minor": row.spend_minor,
                    "last_purchase": row.last_day and row.last_day.isoformat(),
                }
                for row in page.rows
            ],
            as_json=as_json,
            nothing="Nobody is known by that.",
        )


@app.command("show")
def show_member(
    member: Annotated[str, typer.Argument(help="mem_…, or the number a shop knows them by.", show_default=False)],
    shop: Annotated[
        str | None, typer.Option(help="The code of the shop whose number it is.", show_default="the only one")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one member: who they are, their points, their tier, what they bought last."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        found = find(tx, member, shop)
        document = _document(opened, tx, found)
        if as_json:
            show_one(document, "", as_json=True)
        else:
            _print(document)


def find(tx: Transaction, member: str, shop: str | None) -> members.Member:
    """The member a command names: `mem_…`, or a number of a shop's or our own callers'.

    Raises:
        MemberNotFound: there is none.
    """
    if member.startswith("mem_"):
        return members.find(tx, from_public("mem", member, field="member"))
    issuers = [shop] if shop else [one.code for one in commerce.shops(tx)] + [members.DIRECT]
    for issuer in issuers:
        try:
            return members.by_external_id(tx, member, issuer=issuer)
        except members.MemberNotFound:
            continue
    raise members.MemberNotFound(member=member)


def _document(opened: App, tx: Transaction, member: members.Member) -> dict[str, object]:
    at = opened.clock()
    balance = ledger.balance(tx, member.member_id, at=at)
    orders = commerce.list_orders(tx, member_id=member.member_id, limit=5)
    return {
        "member": to_public("mem", member.member_id),
        "external_id": member.external_id,
        "issuer": member.issuer,
        "name": member.name,
        "email": member.email,
        "phone": member.phone,
        "country": member.country,
        "joined_at": member.joined_at.isoformat(),
        "points": {
            "available": balance.available,
            "pending": balance.pending,
            "held": balance.held,
            "debt": balance.debt,
            "shared_with": ledger.shared_with(tx, member.member_id),
        },
        "holds": [
            {
                "reference": ledger.told(one.reference)[0],
                "remaining": one.remaining,
                "captured": one.captured,
                "until": one.held_until.isoformat(),
            }
            for one in ledger.holds(tx, member.member_id, at=at)
        ],
        "tier": _tier(tx, member.member_id, opened),
        "orders": [
            {
                "order": to_public("ord", one.order_id),
                "external_id": one.external_id,
                "placed_at": one.placed_at.isoformat(),
                "total_minor": one.total_minor,
                "currency": one.currency,
            }
            for one in orders
        ],
    }


def _tier(tx: Transaction, member_id: int, opened: App) -> dict[str, object] | None:
    try:
        progress, *others = programme.standings(tx, member_id, at=opened.clock())
    except programme.NoProgramme:
        return None
    return {
        "code": progress.tier.code,
        "since": progress.since and progress.since.isoformat(),
        "qualifying_minor": progress.qualifying_minor,
        "next": progress.next_tier and progress.next_tier.code,
        "missing_minor": progress.missing_minor,
        "lost_at": progress.lost_at and progress.lost_at.isoformat(),
        **{one.one.code: one.tier.code for one in others},
    }


def _print(document: dict[str, object]) -> None:
    table = Table(show_header=False, box=None)
    for name, value in document.items():
        if isinstance(value, dict):
            parts: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType]
            table.add_row(name, ", ".join(f"{part} {parts[part]}" for part in parts if parts[part] is not None))
        elif isinstance(value, list):
            rows: list[dict[str, object]] = value  # pyright: ignore[reportUnknownVariableType]
            for row in rows:
                table.add_row(name.removesuffix("s"), "  ".join(str(part) for part in row.values()))
        elif value is not None:
            table.add_row(name, str(value))
    Console().print(table)
