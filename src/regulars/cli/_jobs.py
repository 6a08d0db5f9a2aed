"""`regulars jobs retry`."""

import typer

from regulars import jobs
from regulars.cli._app import AsJson, open_app, show
from regulars.errors import Conflict

app = typer.Typer(help="Look after what happens by itself.", no_args_is_help=True)


class StillFailing(Conflict):
    """{count} reactions failed again, listed above with the reason: mend it, then run `regulars jobs retry` again."""


@app.callback()
def _group() -> None:
    """Look after what happens by itself."""


@app.command("retry")
def retry(as_json: AsJson = False) -> None:
    """Try again what should have followed a fact and failed: points, tiers. `regulars db check` lists them."""
    with open_app() as opened:
        tried = jobs.retry(opened)
    rows = [
        {
            "fact_id": one.failure.fact_id,
            "fact": one.failure.fact,
            "failed_at": one.failure.failed_at,
            "status": "followed" if one.reason is None else "failed",
            "reason": one.reason,
        }
        for one in tried
    ]
    show(rows, as_json=as_json, nothing="No reaction has failed.")
    again = sum(one.reason is not None for one in tried)
    if again:
        raise StillFailing(count=again)
