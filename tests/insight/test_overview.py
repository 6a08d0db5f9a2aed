"""The overview: what it shows is what its parts say, of the shop and the days asked for."""

import make
from cast import ADA, BEN
from conftest import NOON
from make import DAY, line, order
from regulars import insight
from regulars.insight import Frames, Scope
from regulars.storage import Database


def test_the_overview_is_its_parts(database: Database) -> None:
    frames = Frames()
    with database.transaction() as tx:
        shop = make.shop(tx)
        other = make.shop(tx, "de", currency="EUR", time_zone="Europe/Berlin")
        make.record(tx, shop, order("1", ADA, placed_at=NOON - 50 * DAY), order("2", ADA), order("3", BEN), order("4"))
        make.record(tx, other, order("1", ADA, line(unit_minor=500)))
    with database.transaction() as tx:
        insight.refresh(tx, frames, database, at=NOON)
    frame = frames.read(database)
    scope = Scope.last(20, NOON.date() + DAY)
    with database.transaction() as tx:
        seen = insight.overview(tx, frame, scope)
        one = insight.overview(tx, frame, Scope(scope.start, scope.end, shop_id=other.shop_id), step="week")
        assert seen.distribution == insight.distribution(tx) == one.distribution
    assert list(seen.figures) == insight.figures(frame, scope)
    assert list(seen.cohorts) == insight.cohorts(frame, until=scope.end)
    assert (seen.scope.currency, seen.other_currencies, seen.step) == ("GBP", ("EUR",), "day")
    assert (one.scope.currency, one.other_currencies, one.step) == ("EUR", (), "week")
    assert (seen.figure("orders").value, one.figure("orders").value) == (4, 1)
    assert (seen.figure("revenue").value, one.figure("revenue").value) == (3000, 500)
    assert (seen.first_day, seen.last_day) == ((NOON - 50 * DAY).date(), NOON.date())
    assert seen.figure("active_members").previous is not None
    assert seen.figure("active_members").previous.value == 0


def test_the_overview_of_nothing_is_empty(database: Database) -> None:
    frame = Frames().read(database)
    with database.transaction() as tx:
        seen = insight.overview(tx, frame, Scope.last(90, NOON.date()))
    assert (seen.scope.currency, seen.other_currencies, seen.cohorts, seen.first_day) == (None, (), (), None)
    assert {figure.value for figure in seen.figures} == {0, None}
