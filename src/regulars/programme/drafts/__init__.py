"""The programme as a document: written, looked at, approved by a second person, published from a day on, and taken back.

The invariant: what holds was approved by somebody who did not write it (or the record says that one person may do both),
it is word for word what was approved, and every version and every revision of every draft is still there.

    draft = drafts.begin(tx, text, by="ada@shop.example", at=now, note="Double points in May")
    drafts.submit(tx, draft.draft_id, by="ada@shop.example", at=now)
    drafts.approve(tx, draft.draft_id, by="ben@shop.example", at=now)
    drafts.publish(tx, draft.draft_id, by="ada@shop.example", at=now, effective_at=may)
"""

from regulars.programme.drafts._changes import changes
from regulars.programme.drafts._drafts import (
    DraftChanged,
    DraftNotFound,
    DraftNotReady,
    DraftOutdated,
    DraftPublished,
    FlawedDraft,
    OwnDraft,
    UnusableNote,
    approve,
    begin,
    change,
    draft,
    draft_that_says,
    drafts,
    is_current,
    reject,
    revisions,
    sound_text,
    submit,
)
from regulars.programme.drafts._flaws import Checked, check, document_of
from regulars.programme.drafts._impacts import Impact, plan, tier_moves
from regulars.programme.drafts._records import Change, Draft, Flaw, Release, Revision, State, TierMove
from regulars.programme.drafts._releases import (
    VersionNotFound,
    canonical,
    publish,
    publish_alone,
    releases,
    roll_back,
    text_of,
    version,
    version_row,
)
from regulars.programme.drafts._rewriting import rewrite
from regulars.programme.drafts._schemas import schema
from regulars.programme.drafts._shapes import NOTHING, Part, Shape, shape
from regulars.programme.drafts._texts import LONGEST, UnreadableText, read, steps, write

__all__ = [
    "LONGEST",
    "NOTHING",
    "Change",
    "Checked",
    "Draft",
    "DraftChanged",
    "DraftNotFound",
    "DraftNotReady",
    "DraftOutdated",
    "DraftPublished",
    "Flaw",
    "FlawedDraft",
    "Impact",
    "OwnDraft",
    "Part",
    "Release",
    "Revision",
    "Shape",
    "State",
    "TierMove",
    "UnreadableText",
    "UnusableNote",
    "VersionNotFound",
    "approve",
    "begin",
    "canonical",
    "change",
    "changes",
    "check",
    "document_of",
    "draft",
    "draft_that_says",
    "drafts",
    "is_current",
    "plan",
    "publish",
    "publish_alone",
    "read",
    "reject",
    "releases",
    "revisions",
    "rewrite",
    "roll_back",
    "schema",
    "shape",
    "sound_text",
    "steps",
    "submit",
    "text_of",
    "tier_moves",
    "version",
    "version_row",
    "write",
]
