"""What a draft is, what is wrong with one, what it would change, and why a version was published."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

State = Literal["open", "submitted", "approved", "rejected", "published"]
ChangeKind = Literal["added", "removed", "changed", "moved"]


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with a document, and what would do."""

    field: str
    """Where, as a path such as `earning[2].when`; empty: the whole of it."""

    value: object
    """What stands there; None where nothing does."""

    remedy: str
    line: int
    """The line of the text, counted from 1."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two documents."""

    kind: ChangeKind
    path: str
    """Where, as a path in which named things go by their code: `tiers[gold].from_minor`."""

    was: Any
    now: Any


@dataclass(frozen=True, slots=True)
class TierMove:
    """So many members would hold another tier of a set."""

    tier_set: str
    was: str | None
    """None: there is no such set by now."""

    becomes: str
    members: int


@dataclass(frozen=True, slots=True)
class Draft:
    """One row of `programme_drafts`, and the last revision of its text."""

    draft_id: int
    revision: int
    base_version: int
    """The last version published when its text was last written; 0: there was none."""

    drafted_at: datetime
    submitted_at: datetime | None
    submitted_by: str | None
    decided_at: datetime | None
    decided_by: str | None
    decision: Literal["approved", "rejected"] | None
    because: str | None
    published_at: datetime | None
    published_by: str | None
    version_id: int | None
    text: str
    document: dict[str, Any] | None
    """What it says; None: it cannot be used as it stands."""

    note: str
    changed_at: datetime
    changed_by: str
    authors: list[str]
    """Whoever wrote a revision of it, the first one first."""

    @property
    def state(self) -> State:
        """How far it has come."""
        if self.published_at is not None:
            return "published"
        if self.decision is not None:
            return self.decision
        return "open" if self.submitted_at is None else "submitted"

    @property
    def alone(self) -> bool:
        """Whether somebody who wrote it approved it, as a shop with one operator may allow."""
        return self.decision == "approved" and self.decided_by in self.authors


@dataclass(frozen=True, slots=True)
class Revision:
    """One row of `programme_draft_revisions`."""

    draft_id: int
    revision: int
    text: str
    note: str
    written_at: datetime
    written_by: str


@dataclass(frozen=True, slots=True)
class Release:
    """Why a version was published: a draft became it, or it restores an earlier one."""

    version_id: int
    draft_id: int | None
    restores: int | None
    note: str
    text: str | None
    """The draft's text as it was written, with its comments."""

    approved_by: str | None
