"""What became of each month's points, age by age."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from regulars.ledger.periods import Piece


@dataclass(frozen=True, slots=True)
class Cohort:
    """The points issued in one month, and what became of them by age, in whole months since."""

    month: int | None
    """The number of the month; None: what was redeemed without having been issued, which members owe."""

    issued: int
    taken_back: int
    received: int
    sent: int
    redeemed: tuple[int, ...]
    """How many had been redeemed by the end of their month of issue, of the next one …: each adds to the one before."""

    expired: tuple[int, ...]
    life: int
    """In how many months most of them expire, that of issue counted; 0: they do not."""

    @property
    def base(self) -> int:
        """All that ever could be redeemed."""
        return self.issued - self.taken_back + self.received - self.sent

    @property
    def age(self) -> int:
        """How many whole months they have been there after that of issue; -1: not one."""
        return len(self.redeemed) - 1

    @property
    def used(self) -> int:
        """How many have been redeemed."""
        return self.redeemed[-1] if self.redeemed else 0

    @property
    def lapsed(self) -> int:
        """How many have expired."""
        return self.expired[-1] if self.expired else 0

    @property
    def left(self) -> int:
        """How many are there."""
        return self.base - self.used - self.lapsed

    def at_age(self, age: int) -> "Cohort":
        """As they were when they had that age."""
        return replace(self, redeemed=self.redeemed[: age + 1], expired=self.expired[: age + 1])


def cohorts(pieces: Iterable[Piece], *, through: int) -> list[Cohort]:
    """The months' points, the earliest first, as they were when month number `through` ended.

    What went later is counted as there, and what was issued later is not there at all.
    """
    gathered: dict[int | None, list[Piece]] = {}
    for piece in pieces:
        if piece.cohort is None or piece.cohort <= through:
            gathered.setdefault(piece.cohort, []).append(piece)
    return [
        _cohort(month, gathered[month], through)
        for month in sorted(gathered, key=lambda one: -1 if one is None else one)
    ]


def standing_cohorts(pieces: Iterable[Piece]) -> list[Cohort]:
    """The months' points as they are, whenever what became of them is said to have happened."""
    found = list(pieces)
    last = max((number for one in found for number in (one.cohort, one.month) if number is not None), default=0)
    return cohorts(found, through=last)


def _cohort(month: int | None, pieces: list[Piece], through: int) -> Cohort:
    came = [one for one in pieces if one.gone not in {"withdrawn", "taken_back"}]
    taken_back = [one for one in pieces if one.gone == "taken_back"]
    first = min((one.month for one in pieces if one.month is not None), default=through) if month is None else month
    by_life: dict[int, int] = {}
    for one in came:
        by_life[one.life] = by_life.get(one.life, 0) + one.points
    life = max(by_life, key=lambda months: (by_life[months], months)) if by_life else 0
    return Cohort(
        month,
        0 if month is None else sum(one.points for one in (*came, *taken_back) if not one.received),
        sum(one.points for one in taken_back),
        sum(one.points for one in (*came, *taken_back) if one.received),
        sum(one.points for one in came if one.gone == "sent"),
        _by_age(came, "redeemed", first, through),
        _by_age(came, "expired", first, through),
        life,
    )


def _by_age(pieces: list[Piece], gone: str, first: int, through: int) -> tuple[int, ...]:
    counts = [0] * max(through - first + 1, 0)
    for one in pieces:
        if one.gone == gone and one.month is not None and one.month <= through:
            counts[max(one.month - first, 0)] += one.points
    total, sums = 0, list[int]()
    for count in counts:
        total += count
        sums.append(total)
    return tuple(sums)
