"""`regulars coupons pools|open|generate|import|export`."""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Final

import typer

from regulars.app import App
from regulars.cli._app import AsJson, open_app, show, show_one
from regulars.programme import coupons
from regulars.programme.coupons import BadCoupon, NewPool, RefusedRow, Terms
from regulars.types import to_public

app = typer.Typer(help="Pools of coupon codes.", no_args_is_help=True)

BY: Final = "command line"
AT_ONCE: Final = coupons.AT_ONCE
"""Lines of a file that are one transaction."""

_LOT: Final = 10_000
_TOLD: Final = 10

PoolArgument = Annotated[str, typer.Argument(help="The pool, by its code.", show_default=False)]


@app.command("pools")
def show_all(as_json: AsJson = False) -> None:
    """List the pools, and how many codes are left in each."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        found = coupons.pools(tx, limit=1000)
        levels = coupons.levels(tx, [one.pool_id for one in found])
        rows = [_row(one, levels[one.pool_id]) for one in found]
    show(rows, as_json=as_json, nothing="No pools yet.")


@app.command("open")
def open_pool(
    pool: PoolArgument,
    name_en: Annotated[str, typer.Option(help="What it is called in English.", show_default=False)],
    name_zh: Annotated[str, typer.Option(help="What it is called in Chinese.", show_default=False)],
    terms: Annotated[
        str, typer.Option(help='Its terms as JSON: {"kind": "percent", "percent": 10}.', show_default=False)
    ],
    shared: Annotated[bool, typer.Option("--shared", help="One code for everybody.")] = False,
    low_water: Annotated[int, typer.Option(help="At so few free codes, tell.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Open a pool of codes with the same terms."""
    try:
        document = json.loads(terms)
    except json.JSONDecodeError as error:
        raise BadCoupon(field="--terms", value=terms, remedy="give a JSON object") from error
    if not isinstance(document, dict):
        raise BadCoupon(field="--terms", value=terms, remedy="give a JSON object")
    new = NewPool(pool, name_en, name_zh, Terms.from_document(document), shared, low_water)  # pyright: ignore[reportUnknownArgumentType]
    with open_app() as opened, opened.database.transaction() as tx:
        made = coupons.open_pool(tx, new, at=opened.clock(), by=BY)
        level = coupons.levels(tx, [made.pool_id])[made.pool_id]
    show_one(_row(made, level), f"Pool {pool} is open.", as_json=as_json)


@app.command("generate")
def generate(
    pool: PoolArgument,
    count: Annotated[int, typer.Argument(help="How many.", show_default=False)],
    prefix: Annotated[str, typer.Option(help="Printed before each.", show_default="none")] = "",
    characters: Annotated[int, typer.Option(help="Of each after the prefix, its check character among them.")] = 12,
    as_json: AsJson = False,
) -> None:
    """Make random codes. `regulars coupons export` writes them to a file."""
    with open_app() as opened, opened.database.transaction() as tx:
        made = coupons.generate(tx, pool, count, prefix=prefix, characters=characters, at=opened.clock(), by=BY)
    row: dict[str, object] = {"pool": pool, "added": made.added, "entropy_bits": made.entropy_bits}
    bits = f"{made.entropy_bits:.1f}"
    show_one(row, f"{made.added:,} codes were made, of {bits} random bits each.", as_json=as_json)


@app.command("import")
def import_codes(
    pool: PoolArgument,
    file: Annotated[Path, typer.Argument(help="One code a line, or CSV with a column `code`; - reads standard input.", show_default=False)],
    rejects: Annotated[Path | None, typer.Option(help="Where rows that hold no code go.", show_default="FILE.rejects.csv")] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Bring over codes made elsewhere. Codes that are there already are known, so that the same file can be sent again."""
    from_stdin = str(file) == "-"
    with open_app() as opened:
        if from_stdin:
            done, refused = _imported(opened, pool, sys.stdin, "standard input")
        else:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                done, refused = _imported(opened, pool, lines, file.name)
    target = rejects or (None if from_stdin else file.with_name(file.name + ".rejects.csv"))
    if refused and target is not None:
        _write(target, refused)
    row: dict[str, object] = {"pool": pool, **done, "refused": len(refused)}
    row["rejects_file"] = str(target) if refused and target is not None else None
    for one in [] if as_json else refused[:_TOLD]:
        typer.secho(f"row {one.row}: {one.reason}", err=True, fg=typer.colors.RED)
    said = f"{done['added']:,} codes came in, {done['known']:,} were there already, {len(refused):,} rows were refused."
    show_one(row, said, as_json=as_json)


def _imported(opened: App, pool: str, lines: IO[str], source: str) -> tuple[dict[str, int], list[RefusedRow]]:
    """Import a file in lots, each in a transaction of its own: after a kill the same command goes on."""
    done, before = {"added": 0, "known": 0}, 0
    refused: list[RefusedRow] = []
    for number, lot in enumerate(coupons.in_lots(lines, rows=AT_ONCE)):
        with opened.database.transaction() as tx:
            some = coupons.import_codes(tx, pool, lot, source=source, at=opened.clock(), by=BY)
        done = {"added": done["added"] + some.added, "known": done["known"] + some.known}
        headed = coupons.has_header(lot) and number > 0
        refused += [RefusedRow(one.row + before - headed, one.text, one.reason) for one in some.refused]
        before += len(lot) - headed
    return done, refused


def _write(target: Path, refused: list[RefusedRow]) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "code", "reason"])
        writer.writerows([one.row, one.text, one.reason] for one in refused)


@app.command("export")
def export(
    pool: PoolArgument,
    free: Annotated[bool, typer.Option("--free", help="Only codes that are nobody's yet.")] = False,
) -> None:
    """Write the codes of a pool as CSV to standard output, and whose they are."""
    with open_app() as opened:
        writer = csv.writer(sys.stdout)
        writer.writerow(["code", "member", "claimed_at", "ends_at", "uses", "revoked_at"])
        for one in _codes(opened, pool):
            if not free or (one.member_id is None and one.revoked_at is None):
                member = None if one.member_id is None else to_public("mem", one.member_id)
                times = [at and at.isoformat() for at in (one.claimed_at, one.ends_at)]
                revoked = one.revoked_at and one.revoked_at.isoformat()
                writer.writerow([one.code, member, *times, one.uses, revoked])


def _codes(opened: App, pool: str) -> Iterator[coupons.Issued]:
    after = ""
    with opened.database.transaction(read_only=True) as tx:
        pool_id = coupons.pool(tx, pool).pool_id
        while some := coupons.codes(tx, pool_id, after=after, limit=_LOT):
            yield from some
            after = some[-1].key


def _row(one: coupons.Pool, level: coupons.Level) -> dict[str, object]:
    return {
        "pool": one.code,
        "name": one.name_en,
        "kind": one.terms.kind,
        "shared": one.shared,
        "codes": level.codes,
        "free": level.free,
        "claimed": level.claimed,
        "low_since": one.low_since,
        "closed_at": one.closed_at,
    }
