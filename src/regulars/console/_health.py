"""How an endpoint of the webhooks does, as a picture of its last hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from regulars.facts.webhooks import Backlog, Endpoint, Hour

HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Bar:
    """An hour's attempts; heights in a box 40 high."""

    hour: datetime
    delivered: int
    failed: int
    good: float
    bad: float


@dataclass(frozen=True, slots=True)
class Health:
    """An endpoint, what waits there, and its last 24 hours."""

    endpoint: Endpoint
    backlog: Backlog
    bars: list[Bar]

    @property
    def delivered(self) -> int:
        """How much was delivered."""
        return sum(bar.delivered for bar in self.bars)

    @property
    def failed(self) -> int:
        """How many attempts failed."""
        return sum(bar.failed for bar in self.bars)

    @property
    def state(self) -> str:
        """`off`, `gone`, `stopped`, `failing` or `on`."""
        because = self.endpoint.disabled_because
        if because is not None:
            return {"asked": "off", "gone": "gone", "failing": "stopped"}[because]
        return "failing" if self.endpoint.failures else "on"


def since(now: datetime) -> datetime:
    """The beginning of the first hour of the picture."""
    return now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)


def healths(
    endpoints: Sequence[Endpoint], hours: Sequence[Hour], backlogs: Mapping[int, Backlog], *, now: datetime
) -> list[Health]:
    """The endpoints with their pictures."""
    found: dict[int, dict[datetime, Hour]] = {}
    for hour in hours:
        found.setdefault(hour.endpoint_id, {})[hour.hour] = hour
    return [
        Health(
            one,
            backlogs.get(one.endpoint_id, Backlog(one.endpoint_id, 0, 0)),
            _bars(one.endpoint_id, found.get(one.endpoint_id, {}), since(now)),
        )
        for one in endpoints
    ]


def _bars(endpoint_id: int, hours: Mapping[datetime, Hour], start: datetime) -> list[Bar]:
    shown = [start + timedelta(hours=n) for n in range(HOURS)]
    known = [hours.get(hour, Hour(endpoint_id, hour, 0, 0, 0)) for hour in shown]
    most = max(1, *(hour.delivered + hour.failed for hour in known))
    return [
        Bar(hour.hour, hour.delivered, hour.failed, _height(hour.delivered, most), _height(hour.failed, most))
        for hour in known
    ]


def _height(part: int, most: int) -> float:
    """The height of a part; a little is still seen."""
    return round(max(2.0, 38 * part / most), 1) if part else 0.0
