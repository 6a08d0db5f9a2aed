"""What happened, in order: the audit trail, the timeline, the feed that reactions and webhooks follow.

The invariant: a fact is written in the transaction of the verb that made it true, and never changed. A reader that
follows the feed sees every fact at least once, in the order (transaction, number), and none before it is final.

    facts.record(tx, [Fact("order.paid", occurred_at=paid_at, member_id=7, subject_id=42)], at=now)
    for fact in facts.timeline(tx, member_id=7, limit=20): …

`facts.webhooks` sends them to whoever asked for them.
"""

from regulars.facts._facts import (
    FACT,
    Cursor,
    Fact,
    FactsRenumbered,
    Feed,
    Happened,
    Position,
    Recorded,
    Unread,
    adopt,
    feed,
    is_behind,
    json_texts,
    mark_read,
    record,
    record_columns,
    recorded_here,
    timeline,
    unread,
)
from regulars.facts._rules import position_of, read_position, subject_of

__all__ = [
    "FACT",
    "Cursor",
    "Fact",
    "FactsRenumbered",
    "Feed",
    "Happened",
    "Position",
    "Recorded",
    "Unread",
    "adopt",
    "feed",
    "is_behind",
    "json_texts",
    "mark_read",
    "position_of",
    "read_position",
    "record",
    "record_columns",
    "recorded_here",
    "subject_of",
    "timeline",
    "unread",
]
