"""`regulars tiers`."""

from regulars import programme
from regulars.cli._app import AsJson, open_app, show
from regulars.programme.tiers import figures


def run(as_json: AsJson = False) -> None:
    """List the sets of tiers: what each tier takes, how many members have it, how many are about to lose one."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        sets = programme.current(tx, at=opened.clock()).tier_sets
        counts = {one.code: figures.distribution(tx, one.code) for one in sets}
        show(
            [
                {
                    "set": one.code,
                    "tier": tier.code,
                    "name": tier.name_en,
                    "by": one.measure.of or one.measure.by,
                    "reach": tier.reach,
                    "keep": tier.keeps,
                    "members": counts[one.code].get(tier.code, 0),
                    "at_risk": figures.count_at_risk(tx, one.code, tier.code),
                }
                for one in sets
                for tier in one.tiers
            ],
            as_json=as_json,
            nothing="There are no tiers.",
        )
