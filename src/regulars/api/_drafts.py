"""The shapes of the programme's drafts and versions, as callers write and read them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from regulars.api._shapes import Id, Instant, Name
from regulars.programme import drafts

DocumentText = Annotated[
    str,
    Meta(
        max_length=drafts.LONGEST,
        pattern=r"^[^\x00]*$",
        description="The programme as YAML or JSON, kept as it is written, with its comments.",
    ),
]
Document = Annotated[
    dict[str, Any],
    Meta(description="The programme, as `GET /v1/programme/schema` describes it."),
]
Note = Annotated[
    str,
    Meta(
        max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$", description="What for, on one line.", examples=["Easier gold"]
    ),
]
Revision = Annotated[
    Annotated[int, Meta(ge=1, le=2**31 - 1)] | None,
    Meta(description="The revision that was looked at: if there is another by now, it is refused."),
]


class NewDraft(Struct, forbid_unknown_fields=True):
    """A programme as it is written: as a text or as a document. With neither, what holds now."""

    text: DocumentText | None = None
    document: Document | None = None
    note: Note = ""


class DraftDecision(Struct, forbid_unknown_fields=True):
    """Why somebody decides so, and on which revision."""

    because: Annotated[Note | None, Meta(description="Why.")] = None
    revision: Revision = None


class Submission(Struct, forbid_unknown_fields=True):
    """Which revision is to be decided on."""

    revision: Revision = None


class Publication(Struct, forbid_unknown_fields=True):
    """From when on a draft is to hold."""

    effective_at: Annotated[
        Instant | None, Meta(description="It holds from then on, which is not in the past; null: at once.")
    ] = None
    revision: Revision = None


class Restoration(Struct, forbid_unknown_fields=True):
    """Why an earlier version is to hold again, and from when on."""

    note: Note = ""
    effective_at: Annotated[
        Instant | None, Meta(description="It holds from then on, which is not in the past; null: at once.")
    ] = None


class Checking(Struct, forbid_unknown_fields=True):
    """What is to be looked at, without being kept."""

    text: DocumentText | None = None
    document: Document | None = None
    effective_at: Annotated[
        Instant | None, Meta(description="Compare with the version that holds then; null: that holds now.")
    ] = None


class ProgrammeFlaw(Struct):
    """One thing that is wrong with a document."""

    field: Annotated[str, Meta(description="Where, as a path; empty: the whole of it.", examples=["earning.points"])]
    value: Annotated[str, Meta(description="What stands there.")]
    remedy: Annotated[str, Meta(description="What would do.")]
    line: Annotated[int, Meta(ge=1, description="The line of the text.")]


class Validation(Struct):
    """Whether a document can be used, and what is wrong with it."""

    valid: bool
    flaws: list[ProgrammeFlaw]


class DocumentChange(Struct):
    """One difference between two documents."""

    kind: Literal["added", "removed", "changed", "moved"]
    path: Annotated[str, Meta(description="Where; named things go by their code.", examples=["tiers[gold].from_minor"])]
    was: Any
    now: Any


class Changes(Struct):
    """How two versions differ."""

    since: Annotated[int, Meta(description="The version compared with.")]
    version: int
    changes: list[DocumentChange]


class TierMove(Struct):
    """So many members hold one tier of a set today and would hold another."""

    tier_set: str
    was: Annotated[str | None, Meta(description="Null: there is no such set by now.")]
    becomes: str
    members: int


class Plan(Struct):
    """What publishing a document would change."""

    against: Annotated[int, Meta(description="The version compared with; 0: the programme a shop begins with.")]
    changes: list[DocumentChange]
    moves: list[TierMove]
    members: Annotated[int, Meta(description="How many members have a tier.")]


class DraftSummary(Struct, kw_only=True):
    """A draft without its text."""

    id: Id
    revision: int
    state: Literal["open", "submitted", "approved", "rejected", "published"]
    note: Note
    base_version: Annotated[int, Meta(description="The last version published when it was last written; 0: none.")]
    drafted_at: datetime
    changed_at: datetime
    changed_by: Name
    authors: Annotated[list[Name], Meta(description="Whoever wrote any of it: they cannot approve it.")]
    submitted_at: datetime | None
    submitted_by: Name | None
    decided_at: datetime | None
    decided_by: Name | None
    because: str | None
    alone: Annotated[bool, Meta(description="It was approved by somebody who wrote it, which this shop allows.")]
    published_at: datetime | None
    published_by: Name | None
    version: Annotated[int | None, Meta(description="The version it became.")]


class Draft(DraftSummary, kw_only=True):
    """A draft, with its text."""

    text: str
    document: Annotated[
        dict[str, Any] | None, Meta(description="What the text says, complete; null: it cannot be used as it stands.")
    ]


class FullVersion(Struct):
    """A version, why it was published, and its text."""

    version: int
    published_at: datetime
    published_by: Name
    effective_at: Annotated[datetime, Meta(description="It holds from then on, until a later one does.")]
    draft: Annotated[Id | None, Meta(description="The draft it was.")]
    approved_by: Annotated[Name | None, Meta(description="Who approved that.")]
    restores: Annotated[int | None, Meta(description="The earlier version that it lets hold again.")]
    note: str
    document: dict[str, Any]
    text: Annotated[str, Meta(description="As it was written, or, where nobody wrote it, in the stable form.")]


class Begins(Struct, forbid_unknown_fields=True):
    """When a draft would begin to hold."""

    effective_at: Annotated[
        Instant | None, Meta(description="Compare with the version that holds then; null: that holds now.")
    ] = None


class Since(Struct, forbid_unknown_fields=True):
    """Which version to compare with."""

    since: Annotated[
        Annotated[int, Meta(ge=1, le=2**31 - 1)] | None, Meta(description="That version; left out: the one before.")
    ] = None
