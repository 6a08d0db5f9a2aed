"""Keeping what members and guests were seen with, and forgetting it."""

from collections.abc import Sequence
from datetime import datetime

from regulars.programme.referrals.graph import _queries
from regulars.programme.referrals.graph._signals import BadSignal, Kind, Signal, keyed, mark_of
from regulars.storage import Transaction


def note(tx: Transaction, signals: Sequence[Signal]) -> int:
    """Keep signals: the first and the last time each was seen, and how often. Erased members' are not kept; how many were.

    Told again, a signal only counts once more; its times do not move unless it is earlier or later.
    """
    forgotten = _queries.select_forgotten(tx, member_ids=sorted({one.owner_id for one in signals if not one.guest}))
    kept: dict[tuple[str, bytes, int], Signal] = {}
    first: dict[tuple[str, bytes, int], datetime] = {}
    for one in sorted(signals, key=lambda one: one.seen_at):
        if one.owner_id not in forgotten:
            place = (one.kind, one.hash, one.owner_id)
            kept[place] = one
            first.setdefault(place, one.seen_at)
    if kept:
        rows = [kept[place] for place in sorted(kept)]
        _queries.upsert_edges(tx, edges=rows, first=[first[place] for place in sorted(kept)])
    return len(kept)


def note_members(tx: Transaction, member_ids: Sequence[int], *, key: bytes) -> int:
    """Take members' own e-mail addresses and phone numbers into the graph."""
    return _note(tx, _queries.select_contacts(tx, member_ids=list(member_ids)), key)


def adopt(tx: Transaction, *, key: bytes, limit: int = 1000) -> int:
    """Take in the next members who were here before the graph was, or all again if the key is another one; how many."""
    upto = _queries.lock_progress(tx, mark=mark_of(key))
    contacts = _queries.select_contacts_after(tx, upto=upto, limit=limit)
    if contacts:
        _note(tx, contacts, key)
        _queries.move_progress(tx, upto=contacts[-1].member_id)
    return len(contacts)


def _note(tx: Transaction, contacts: Sequence[_queries.Contact], key: bytes) -> int:
    signals: list[Signal] = []
    for one in contacts:
        for kind, text in _texts(one):
            try:
                if text:
                    signals.append(Signal(one.member_id, kind, keyed(key, kind, text), one.joined_at))
            except BadSignal:  # a number of ten letters, say: it tells nothing
                continue
    return note(tx, signals)


def _texts(one: _queries.Contact) -> tuple[tuple[Kind, str | None], ...]:
    return ("email", one.email), ("phone", one.phone)


def forget(tx: Transaction, member_id: int, *, at: datetime) -> int:
    """Remove what an erased member was seen with, for good: what is told later is not kept either; how many edges."""
    _queries.insert_forgotten(tx, member_id=member_id, at=at)
    return _queries.delete_edges(tx, member_id=member_id)
