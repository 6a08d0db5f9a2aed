"""`regulars rewards`."""

from typing import Annotated, Final

import typer

from regulars import programme
from regulars.cli._app import AsJson, open_app, show, show_one
from regulars.cli._members import find
from regulars.programme import rewards
from regulars.programme.rewards import NewGift
from regulars.types import to_public

app = typer.Typer(help="Rewards that members are given without points.", no_args_is_help=True)
BY: Final = "command line"


@app.command("give")
def give(
    member: Annotated[str, typer.Argument(help="mem_…, or the number a shop knows them by.", show_default=False)],
    reward: Annotated[str, typer.Argument(help="The reward, by its code.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why, on one line.", show_default=False)],
    reference: Annotated[
        str, typer.Option(help="Your own name for this gift: again, it is given once.", show_default=False)
    ],
    shop: Annotated[
        str | None, typer.Option(help="The code of the shop whose number it is.", show_default="the only one")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give a member a reward, and say why. It comes from stock, and costs no points."""
    with open_app() as opened, opened.database.transaction() as tx:
        at, known = opened.clock(), find(tx, member, shop)
        new = NewGift(known.member_id, reward, reference, "staff", reason)
        limit = opened.settings.adjustment_limit
        done = rewards.give(tx, programme.shelf(tx, at=at), new, at=at, by=BY, limit=limit)
    row: dict[str, object] = {
        "redemption": to_public("rdm", done.redemption.redemption_id),
        "reward": reward,
        "state": done.redemption.state,
        "coupon": done.coupon,
        "gift_card_code": done.card,
    }
    code = done.coupon or done.card
    show_one(row, f"{reward} was given." + (f" Its code is {code}." if code else ""), as_json=as_json)


@app.command("owed")
def owed(as_json: AsJson = False) -> None:
    """List the rewards that are due and that there was none to give of, the longest first, at most 200."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        found = rewards.owed(tx, limit=200)
    rows = [
        {
            "member": to_public("mem", one.member_id),
            "reward": one.reward,
            "cause": one.cause,
            "reason": one.reason,
            "why": one.why,
            "since": one.since,
        }
        for one in found
    ]
    show(rows, as_json=as_json, nothing="Nothing is owed.")
