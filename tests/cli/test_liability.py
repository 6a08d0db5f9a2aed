"""`regulars ledger flows|expiring|types|define-type`."""

from datetime import UTC, datetime, timedelta

from ledger.making import ADA, BEN
from regulars import ledger
from regulars.ledger import desk


def test_what_is_owed_is_shown_by_day_and_by_member(regulars, database) -> None:
    now = datetime.now(UTC)
    soon = now + timedelta(days=2)
    with database.transaction() as tx:
        ledger.earn(tx, ADA, 100, reference="a", expires_at=soon, at=now)
        ledger.earn(tx, BEN, 40, reference="b", at=now)
        ledger.spend(tx, ADA, 30, reference="v", at=now)
    flows = regulars("ledger", "flows", "--json").json
    assert (len(flows), flows[-1]["issued"], flows[-1]["spent"], flows[-1]["owed"]) == (30, 140, 30, 110)
    last = (soon - timedelta(microseconds=1)).date()
    assert regulars("ledger", "expiring", "--by-day", "--json").json == [
        {"last": last.isoformat(), "points": 70},
        {"last": None, "points": 40},
    ]
    assert regulars("ledger", "expiring", "--json").json[0] == {"last": last.replace(day=1).isoformat(), "points": 70}
    [one] = regulars("ledger", "expiring", "--members", "--json").json
    assert (one["owner"], one["points"]) == (ledger.owner_name(ADA), 70)


def test_a_kind_of_points_is_defined_and_listed(regulars, database) -> None:
    assert "all are redeemable and whole" in regulars("ledger", "types").out
    define = ("ledger", "define-type", "stars", "--role", "qualifying", "--decimals", "1")
    assert regulars(*define, "--name-en", "Stars").out.startswith("stars is qualifying, with 1 decimals")
    [one] = regulars("ledger", "types", "--json").json
    assert (one["point_type"], one["role"], one["decimals"], one["name_en"]) == ("stars", "qualifying", 1, "Stars")
    refused = regulars("ledger", "define-type", "stars")
    assert (refused.code, "stars is qualifying" in refused.err) == (3, True)
    with database.transaction() as tx:
        assert len(desk.point_types(tx)) == 1
