"""The shapes of what-ifs, as callers ask for them and read them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from regulars.api._drafts import Document, DocumentText, TierMove
from regulars.api._paging import Paging
from regulars.api._shapes import Id
from regulars.insight import what_if
from regulars.types import to_public

Months = Annotated[
    int,
    Meta(ge=1, le=what_if.MOST_MONTHS, description="Of the orders of how many months back it tells.", examples=[12]),
]
ThousandMinor = Annotated[
    Annotated[int, Meta(ge=0, le=what_if.MOST_MINOR)] | None,
    Meta(
        description="What a thousand points are worth, in minor units; null: what cash off gives for them, under each programme.",
    ),
]
DraftId = Annotated[str, Meta(max_length=200, description="A draft.", examples=["drf_04h8z2k1q9x0b"])]


class NewWhatIf(Struct, forbid_unknown_fields=True):
    """Which programme is to be tried, on the orders of how many months: a draft, a text or a document."""

    draft: DraftId | None = None
    text: DocumentText | None = None
    document: Document | None = None
    months: Months = 12
    thousand_minor: ThousandMinor = None


class OfDraft(Paging, forbid_unknown_fields=True):
    """Which what-ifs."""

    draft: Annotated[DraftId | None, Meta(description="Of this draft only.")] = None


class PointsGiven(Struct):
    """What one programme gives of one type of points for the orders of these months."""

    earned: Annotated[int, Meta(description="As the orders were bought.")]
    taken_back: Annotated[int, Meta(description="Of that, for what came back of them.")]
    gifts: Annotated[int, Meta(description="For tiers reached.")]
    net: int
    owed: Annotated[
        int,
        Meta(
            description="What members would hold at the end of all that was ever earned: not expired, and not spent as they did."
        ),
    ]
    thousand_minor: Annotated[int | None, Meta(description="What a thousand are worth; null: it is not known.")]
    cost_minor: Annotated[int | None, Meta(description="What `net` is worth.")]
    liability_minor: Annotated[int | None, Meta(description="What `owed` is worth.")]


class PointsOfBoth(Struct):
    """One type of points under the programme that holds, and under the draft."""

    point_type: str
    now: PointsGiven
    draft: PointsGiven


class RuleGiven(Struct):
    """What one rule gave, as the orders were bought."""

    orders: int
    points: int
    limited: Annotated[int, Meta(description="So many orders had less of it, or nothing, for a limit or a cooldown.")]


class RuleOfBoth(Struct):
    """One rule under both programmes; null: it is not there."""

    code: str
    name_en: str
    name_zh: str
    point_type: str
    now: RuleGiven | None
    draft: RuleGiven | None


class DifferenceDecile(Struct):
    """A tenth of the members, by the points they win or lose, those who lose most first."""

    members: int
    least: int
    most: int
    total: int


class MemberDifference(Struct):
    """What one member had, and would have had."""

    member: Annotated[str, Meta(description="The member's id.")]
    now: int
    draft: int


class GroupDifference(Struct):
    """Members who have something in common."""

    by: Literal["tier", "country", "segment", "cohort"]
    key: Annotated[
        str, Meta(description="A tier's code, a country, a segment, or a month of first orders; empty: not known.")
    ]
    members: int
    now: int
    draft: int
    winners: int
    losers: int


class MonthOfBoth(Struct):
    """The points of the orders paid in one month, less what came back of them."""

    first: Annotated[date, Meta(description="The first day of the month.")]
    now: int
    draft: int


class WhatIfReport(Struct):
    """What would have happened. Winners, losers and groups are of the points of the type `points`."""

    currency: str
    begins: datetime
    ends: datetime
    orders: int
    members: Annotated[int, Meta(description="Who ordered in these months.")]
    winners: int
    losers: int
    points: list[PointsOfBoth]
    rules: list[RuleOfBoth]
    moves: Annotated[
        list[TierMove],
        Meta(
            description="From the tier at the end under the programme that holds to the one under the draft; those who stay, too."
        ),
    ]
    deciles: list[DifferenceDecile]
    won_most: list[MemberDifference]
    lost_most: list[MemberDifference]
    groups: list[GroupDifference]
    months: list[MonthOfBoth]


class WhatIfSummary(Struct):
    """How far a what-if is."""

    id: Id
    draft: Annotated[str | None, Meta(description="The draft it is kept with; null: a text that is no draft.")]
    revision: Annotated[int | None, Meta(description="The draft's revision that was tried.")]
    against: Annotated[int, Meta(description="The version it is compared with; 0: none was published.")]
    months: int
    thousand_minor: int | None
    asked_at: datetime
    asked_by: str
    state: Literal["waiting", "running", "finished", "cancelled", "failed"]
    percent: int
    finished_at: datetime | None
    reason: Annotated[str | None, Meta(description="Why it failed.")]


class WhatIf(WhatIfSummary):
    """A what-if, and what it found."""

    report: Annotated[WhatIfReport | None, Meta(description="Null until it is finished.")]


_OWN = frozenset({"id", "draft", "report"})


def _fields(one: what_if.WhatIf) -> dict[str, Any]:
    same = {name: getattr(one, name) for name in WhatIfSummary.__struct_fields__ if name not in _OWN}
    draft = None if one.draft_id is None else to_public("drf", one.draft_id)
    return same | {"id": to_public("wif", one.what_if_id), "draft": draft}


def told_shortly(one: what_if.WhatIf) -> WhatIfSummary:
    """A what-if without its report."""
    return WhatIfSummary(**_fields(one))


def told(one: what_if.WhatIf) -> WhatIf:
    """A what-if as it is answered."""
    return WhatIf(**_fields(one), report=None if one.report is None else _report(one.report))


def _report(one: what_if.Report) -> WhatIfReport:
    found: dict[str, Any] = msgspec.to_builtins(one, builtin_types=(datetime, date))
    found["points"] = [
        {"point_type": each.point_type, "now": _given(each.now), "draft": _given(each.draft)} for each in one.points
    ]
    for name in ("won_most", "lost_most"):
        own: list[what_if.Individual] = getattr(one, name)
        found[name] = [
            {"member": to_public("mem", each.member_id), "now": each.now, "draft": each.draft} for each in own
        ]
    return msgspec.convert(found, WhatIfReport)


def _given(one: what_if.Points) -> dict[str, Any]:
    return {name: getattr(one, name) for name in PointsGiven.__struct_fields__}
