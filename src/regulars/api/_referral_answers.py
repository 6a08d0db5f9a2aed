"""Referrals as callers see them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from regulars.api._shapes import Id, shown
from regulars.programme import referrals
from regulars.types import to_public


class Code(Struct):
    """A member's code."""

    code: str
    link: Annotated[str | None, Meta(description="Null: the programme says no address.")]
    issued_at: datetime
    revoked_at: datetime | None


class Progress(Struct):
    """A member's code, and what became of the friends."""

    code: Annotated[Code | None, Meta(description="Null: none was issued yet.")]
    touches: Annotated[int, Meta(description="How often somebody came by it.")]
    joined: int
    rewarded: int
    held: Annotated[int, Meta(description="How many wait for a person.")]
    points: Annotated[int, Meta(description="Given for friends, those pending among them; of the type `points` alone.")]
    next_milestone: Annotated[int | None, Meta(description="At how many friends rewarded.")]


class Touch(Struct):
    """A touch that was recorded; hashes only say that there is something."""

    id: Id
    code: str
    advocate: Id
    kind: str
    source: str | None
    member: str | None
    device: Annotated[str | None, Meta(description="The keyed hash, in hexadecimal.")]
    address: str | None
    touched_at: datetime
    recorded_at: datetime


class Part(Struct):
    """One reason of a score."""

    code: str
    weight: int
    values: dict[str, int]
    en: str
    zh: str


class Referral(Struct):
    """A friend, and who brought them."""

    id: Id
    friend: Id
    advocate: Id
    code: str
    state: Annotated[
        Literal["joined", "held", "rewarded", "refused"],
        Meta(description="`joined`: nothing to reward yet; `held`: it waits for a person."),
    ]
    refusal: Annotated[str | None, Meta(description="Why it was refused.")]
    touched_at: datetime
    attributed_at: datetime
    completed_at: datetime | None
    undone_at: Annotated[datetime | None, Meta(description="When everything that was bought had come back.")]
    score: int | None
    programme_version: int


class Weighed(Struct):
    """A touch that was weighed, and whether it counts."""

    touch: Id
    advocate: Id
    kind: str
    touched_at: datetime
    by: Annotated[str, Meta(description="What ties it to the friend: `member`, `device` or `email`.")]
    common: Annotated[list[str], Meta(description="What advocate and friend have in common.")]
    verdict: str
    en: str
    zh: str


class Gift(Struct):
    """What one side was given, and what went back."""

    member: Id
    side: Literal["advocate", "friend", "milestone"]
    cause: str
    order: str | None
    points: int
    point_type: str
    reward: str | None
    left: Annotated[int, Meta(description="What was not taken back.")]
    held: bool
    given_at: datetime
    window_ends_at: datetime
    reference: Annotated[str, Meta(description="The ledger's.")]


class Review(Struct):
    """What was decided, by whom and why."""

    decision: Literal["approved", "refused", "lapsed"]
    decided_at: datetime
    by: str
    because: str


class Story(Referral, kw_only=True):
    """A referral with its evidence, score, gifts and decisions."""

    refusal_en: str | None
    refusal_zh: str | None
    evidence: list[Weighed]
    touches: list[Touch]
    parts: list[Part]
    gifts: list[Gift]
    reviews: list[Review]


class Funnel(Struct):
    """How far touches and referrals came."""

    touches: int
    joined: int
    ordered: int
    rewarded: int
    held: int
    refused: int


class Advocate(Struct):
    """A member by the friends brought."""

    member: Id
    touches: int
    joined: int
    rewarded: int
    refused: int
    points: int


def code_of(one: referrals.Code, terms: referrals.Terms | None) -> Code:
    """A code, and where its link leads."""
    link = terms.referral.link_of(one.code) if terms and terms.referral else None
    return Code(one.code, link, one.issued_at, one.revoked_at)


def touch_of(one: referrals.Touch) -> Touch:
    """A touch as callers see it."""
    return Touch(
        to_public("tch", one.touch_id), one.code, to_public("mem", one.advocate_id), one.kind, one.source,
        shown("mem", one.friend_id), one.device.hex() if one.device else None, one.address.hex() if one.address else None,
        one.touched_at, one.recorded_at,
    )  # fmt: skip


def referral_of(one: referrals.Referred) -> Referral:
    """A referral as callers see it."""
    return Referral(**_fields(one))


def _fields(one: referrals.Referred) -> dict[str, Any]:
    return {
        "id": one.public, "friend": to_public("mem", one.friend_id), "advocate": to_public("mem", one.advocate_id),
        "code": one.code, "state": one.state, "refusal": one.refusal, "touched_at": one.touched_at,
        "attributed_at": one.attributed_at, "completed_at": one.completed_at, "undone_at": one.undone_at,
        "score": one.score, "programme_version": one.version_id,
    }  # fmt: skip


def story_of(told: referrals.Story) -> Story:
    """A referral with all that belongs to it."""
    one = told.referral
    return Story(
        **_fields(one),
        refusal_en=referrals.reason_words(one.refusal, "en") if one.refusal else None,
        refusal_zh=referrals.reason_words(one.refusal, "zh") if one.refusal else None,
        evidence=[
            Weighed(
                each["touch"], each["advocate"], each["kind"], datetime.fromisoformat(each["touched_at"]), each["by"],
                each["common"], each["verdict"], referrals.reason_words(each["verdict"], "en"),
                referrals.reason_words(each["verdict"], "zh"),
            )
            for each in one.evidence
        ],
        touches=[touch_of(each) for each in told.touches],
        parts=[
            Part(part.code, part.weight, dict(part.values), part.words("en"), part.words("zh")) for part in one.reasons
        ],
        gifts=[
            Gift(
                to_public("mem", gift.member_id), gift.side, gift.cause, shown("ord", gift.order_id), gift.points,
                gift.point_type, gift.reward, gift.left, gift.held, gift.given_at, gift.window_ends_at, gift.reference,
            )
            for gift in told.gifts
        ],
        reviews=[Review(each.decision, each.decided_at, each.by, each.because) for each in told.reviews],
    )  # fmt: skip
