"""What the command line tells of one member."""

from datetime import UTC, datetime

import make
from conftest import NOON
from regulars import ledger, members
from regulars.types import to_public

FAR = datetime(2199, 1, 1, tzinfo=UTC)


def test_a_members_points_and_open_holds_are_shown(regulars, database) -> None:
    with database.transaction() as tx:
        make.shop(tx)
        [enrolled] = members.enrol(tx, [members.NewMember("C-1", issuer="uk")], at=NOON)
        member = enrolled.member_id
        ledger.earn(tx, member, 100, reference="quiz", at=NOON)
        ledger.hold(tx, member, 40, reference="basket-1", until=FAR, at=NOON)
        ledger.capture(tx, member, 15, reference="paid-1", hold="basket-1", at=NOON)
    shown = regulars("members", "show", to_public("mem", member), "--json").json
    assert shown["points"] == {"available": 60, "pending": 0, "held": 25, "debt": 0, "shared_with": None}
    assert shown["holds"] == [{"reference": "basket-1", "remaining": 25, "captured": 15, "until": FAR.isoformat()}]
    [line] = [one for one in regulars("members", "show", "C-1").out.splitlines() if "basket-1" in one]
    assert line.split() == ["hold", "basket-1", "25", "15", FAR.isoformat()]
