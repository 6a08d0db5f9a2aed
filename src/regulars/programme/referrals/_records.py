"""The rows of referrals."""

# ruff: noqa: RUF001 - Chinese is written with Chinese commas

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from regulars.programme.referrals.graph import Part, read
from regulars.types import to_public

TouchKind = Literal["link_opened", "code_typed", "app_installed"]
State = Literal["joined", "held", "rewarded", "refused"]
Side = Literal["advocate", "friend", "milestone"]
STATES: Final[tuple[State, ...]] = ("joined", "held", "rewarded", "refused")


@dataclass(frozen=True, slots=True)
class Code:
    """A member's code."""

    code: str
    member_id: int
    issued_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    revoked_because: str | None


@dataclass(frozen=True, slots=True)
class Touch:
    """A link opened, a code typed, an app installed; what it was seen with as keyed hashes."""

    touch_id: int
    code: str
    advocate_id: int
    kind: TouchKind
    source: str | None
    friend_id: int | None
    device: bytes | None
    email: bytes | None
    address: bytes | None
    touched_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Referred:
    """One row of `programme_referrals`: a friend, and who brought them."""

    referral_id: int
    friend_id: int
    advocate_id: int
    touch_id: int
    code: str
    version_id: int
    touched_at: datetime
    attributed_at: datetime
    state: State
    refusal: str | None
    evidence: list[dict[str, Any]]
    score: int | None
    parts: list[dict[str, Any]]
    scored_at: datetime | None
    completed_at: datetime | None
    cleared: bool
    undone_at: datetime | None

    @property
    def public(self) -> str:
        """Its public identifier."""
        return to_public("rfl", self.referral_id)

    @property
    def event(self) -> str:
        """What a held reward's promise waits for."""
        return f"referral_review:{self.public}"

    @property
    def reasons(self) -> tuple[Part, ...]:
        """The parts of the score."""
        return read(self.parts)


@dataclass(frozen=True, slots=True)
class Gift:
    """One row of `programme_referral_gifts`: what one side was given, and what went back."""

    referral_id: int
    side: Side
    cause: str
    member_id: int
    order_id: int | None
    points: int
    point_type: str
    reward: str | None
    round: int
    reference: str
    held: bool
    voided: bool
    returned: int
    back: bool
    given_at: datetime
    window_ends_at: datetime
    review_until: datetime | None
    handed_at: datetime | None

    @property
    def left(self) -> int:
        """The points that were given and not taken back."""
        return 0 if self.voided else self.points - self.returned

    @property
    def key(self) -> tuple[int, str, str]:
        """What it is known by."""
        return self.referral_id, self.side, self.cause

    def named(self, number: int) -> str:
        """The ledger's reference of a round."""
        return f"{to_public('rfl', self.referral_id)}/{self.side}/{self.cause}" + (f"#{number}" if number > 1 else "")


@dataclass(frozen=True, slots=True)
class Review:
    """What was decided, by whom and why."""

    referral_id: int
    number: int
    decision: Literal["approved", "refused", "lapsed"]
    decided_at: datetime
    by: str
    because: str


@dataclass(frozen=True, slots=True)
class Complete:
    """A friend's purchase that may be rewarded."""

    referral_id: int
    order_id: int
    placed_at: datetime
    paid_at: datetime
    arrived_at: datetime | None
    goods_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Back:
    """What came back of an order by when its gift's window ended."""

    order_id: int
    referral_id: int
    side: Side
    cause: str
    goods_minor: int
    returned_minor: int
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far referrals came."""

    touches: int
    joined: int
    ordered: int
    rewarded: int
    held: int
    refused: int


@dataclass(frozen=True, slots=True)
class Advocate:
    """A member by the friends brought."""

    member_id: int
    touches: int
    joined: int
    rewarded: int
    refused: int
    points: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a member's referrals stand."""

    code: Code | None
    link: str | None
    touches: int
    joined: int
    rewarded: int
    held: int
    points: int
    next_milestone: int | None
    """At how many friends; None: there is no further one."""


@dataclass(frozen=True, slots=True)
class Story:
    """One referral, and everything that belongs to it."""

    referral: Referred
    touches: Sequence[Touch]
    gifts: Sequence[Gift]
    reviews: Sequence[Review]


REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "counts": ("It counts.", "有效。"),
    "own_code": ("It is the friend's own code.", "使用了自己的推荐码。"),
    "code_revoked": ("The code had been revoked.", "推荐码当时已作废。"),
    "joined_before": ("The friend had joined before.", "好友此前已入会。"),
    "too_long_ago": ("It was too long before the friend joined.", "距好友入会时间过久。"),
    "customer_already": ("The friend had bought before.", "好友此前已有购买。"),
    "known_customer": (
        "The friend had bought before, as a guest or under another number.",
        "好友此前曾以游客或其他会员身份购买。",
    ),
    "self_referral": (
        "Advocate and friend are one person by what they have in common.",
        "推荐人与好友信息相同，视为同一人。",
    ),
    "score": ("The score was too high.", "风险评分过高。"),
    "person": ("A person refused it.", "经人工审核拒绝。"),
    "not_reviewed": ("Nobody decided in time.", "审核期内无人处理。"),
}
"""Why a touch does not count, or a referral is refused, in English and Chinese."""


def reason_words(reason: str, language: str) -> str:
    """A verdict or a refusal as a sentence: `zh…` in Chinese, anything else in English."""
    english, chinese = REASONS[reason]
    return chinese if language.startswith("zh") else english
