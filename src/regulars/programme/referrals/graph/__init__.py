"""The identity graph: who was seen with which device, card, address, mailbox, phone or network, as keyed hashes alone.

Nothing plain is kept. An edge has its first and last time; every search in it is bounded.

    graph.note(tx, [Signal(member_id, "device", graph.keyed(key, "device", "3f9a…"), at)])
    parts = graph.parts_of(Circumstances(shared=[("device", 2)]))
    graph.total(parts), parts[0].words("en")   # 50, 'The same device; 2 were seen on it.'
"""

from regulars.programme.referrals.graph._edges import adopt, forget, note, note_members
from regulars.programme.referrals.graph._queries import (
    RECYCLED,
    Shared,
    select_friends_among,
    select_namesakes,
    select_near,
    select_record,
    select_shared,
)
from regulars.programme.referrals.graph._scores import (
    WEIGHTS,
    WORDS,
    Circumstances,
    Decision,
    Part,
    decision,
    parts_of,
    read,
    total,
    written,
)
from regulars.programme.referrals.graph._signals import (
    DISPOSABLE,
    KINDS,
    BadSignal,
    Kind,
    Signal,
    canonical,
    is_disposable,
    keyed,
)

__all__ = [
    "DISPOSABLE",
    "KINDS",
    "RECYCLED",
    "WEIGHTS",
    "WORDS",
    "BadSignal",
    "Circumstances",
    "Decision",
    "Kind",
    "Part",
    "Shared",
    "Signal",
    "adopt",
    "canonical",
    "decision",
    "forget",
    "is_disposable",
    "keyed",
    "note",
    "note_members",
    "parts_of",
    "read",
    "select_friends_among",
    "select_namesakes",
    "select_near",
    "select_record",
    "select_shared",
    "total",
    "written",
]
