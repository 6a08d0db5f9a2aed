"""How many requests a key may make: a bucket that refills evenly, kept in this process."""

from dataclasses import dataclass, field
from math import ceil, floor

_WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class Reading:
    """The meter after one request."""

    limit: int
    """Requests a minute."""

    remaining: int
    """How many more may be made at once."""

    reset_s: int
    """Seconds until the bucket is full again."""

    retry_after_s: int | None
    """Seconds to wait, when this request was one too many."""

    @property
    def headers(self) -> dict[str, str]:
        """The RateLimit headers of the answer (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
            "RateLimit-Policy": f"{self.limit};w={_WINDOW_S:.0f}",
        }


@dataclass(slots=True)
class Meter:
    """The generic cell rate algorithm: one number per key, and no burst at the edge of a minute."""

    limit: int
    _full_at: dict[int, float] = field(default_factory=dict[int, float])

    def take(self, key_id: int, now_s: float) -> Reading:
        """Count one request at `now_s` on a steady clock; a refused one does not count."""
        each = _WINDOW_S / self.limit
        behind = max(self._full_at.get(key_id, now_s) - now_s, 0.0)
        if behind + each > _WINDOW_S + 1e-9:
            return Reading(self.limit, 0, ceil(behind), max(ceil(behind + each - _WINDOW_S), 1))
        self._full_at[key_id] = now_s + behind + each
        remaining = floor((_WINDOW_S - behind - each) / each + 1e-9)
        return Reading(self.limit, remaining, ceil(behind + each), None)
