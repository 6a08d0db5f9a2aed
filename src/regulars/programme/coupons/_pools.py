"""Pools of codes: opened, filled by a file or by chance, watched, and closed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from regulars import facts
from regulars.errors import Conflict, NotFound
from regulars.programme.coupons import _codes, _queries
from regulars.programme.coupons._codes import LONGEST, MOST_CHARACTERS, RefusedRow
from regulars.programme.coupons._queries import Batch, Issued, PoolRow
from regulars.programme.coupons._rules import BadCoupon, Terms, check_terms
from regulars.storage import Transaction
from regulars.types import random_id

AT_ONCE: Final = 100_000
"""Codes of a file that come over together; each lot of them may be a transaction of its own."""

MOST_CODES: Final = 10_000_000
_MADE_AT_ONCE: Final = 1_000_000
_SAFE: Final = 1_000_000


class PoolNotFound(NotFound):
    """There is no coupon pool {pool}."""


class PoolExists(Conflict):
    """There is a coupon pool {pool} already, with other terms: give this one another code."""


class PoolClosed(Conflict):
    """Coupon pool {pool} is closed: nothing comes in, nothing is handed out."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A set of codes with the same terms."""

    pool_id: int
    code: str
    name_en: str
    name_zh: str
    shared: bool
    """One code for everybody; otherwise each code is one member's."""

    terms: Terms
    low_water: int
    """The least number of free codes that is no reason to worry."""

    low_since: datetime | None
    created_at: datetime
    created_by: str
    closed_at: datetime | None


def pool_of(row: PoolRow) -> Pool:
    """A row as a pool."""
    return Pool(
        row.pool_id,
        row.code,
        row.name_en,
        row.name_zh,
        row.shared,
        Terms.from_document(row.terms),
        row.low_water,
        row.low_since,
        row.created_at,
        row.created_by,
        row.closed_at,
    )


@dataclass(frozen=True, slots=True)
class NewPool:
    """What a pool is to be."""

    code: str
    name_en: str
    name_zh: str
    terms: Terms
    shared: bool = False
    low_water: int = 0


def open_pool(tx: Transaction, new: NewPool, *, at: datetime, by: str) -> Pool:
    """Open a pool; the same again changes nothing. Facts: `coupon_pool.opened`.

    Raises:
        BadCoupon: its terms cannot be kept, or it has no usable code or names.
        PoolExists: there is one of that code, which is another.
    """
    terms = check_terms(new.terms)
    _check_names(new)
    made = _queries.insert_pool(
        tx,
        pool_id=random_id(),
        code=new.code,
        name_en=new.name_en,
        name_zh=new.name_zh,
        shared=new.shared,
        terms=terms,
        low_water=new.low_water,
        at=at,
        by=by,
    )
    known = pool(tx, new.code)
    if made:
        about = {"pool": new.code, "kind": terms.kind, "by": by}
        facts.record(tx, [facts.Fact("coupon_pool.opened", at, None, known.pool_id, about)], at=at)
    elif NewPool(known.code, known.name_en, known.name_zh, known.terms, known.shared, known.low_water) != new:
        raise PoolExists(pool=new.code)
    return known


def _check_names(new: NewPool) -> None:
    code = new.code
    if not (0 < len(code) <= 32 and code.isascii() and code.isidentifier() and code == code.lower() and code[0] != "_"):
        raise BadCoupon(field="code", value=code, remedy="give a to z first, then at most 31 of a to z, 0 to 9 and _")
    for field, name in (("name_en", new.name_en), ("name_zh", new.name_zh)):
        if not name.strip() or len(name) > 200 or not name.isprintable():
            raise BadCoupon(field=field, value=name, remedy="give 1 to 200 printable characters")
    if not 0 <= new.low_water <= 10**6:
        raise BadCoupon(field="low_water", value=new.low_water, remedy="give 0 to 1000000")


def pool(tx: Transaction, code: str) -> Pool:
    """The pool of that code.

    Raises:
        PoolNotFound: there is none.
    """
    row = _queries.select_pool(tx, code=code)
    if row is None:
        raise PoolNotFound(pool=code)
    return pool_of(row)


def pools(tx: Transaction, *, after: str = "", limit: int = 50) -> list[Pool]:
    """Pools by their code; page on with the last one's as `after`."""
    return [pool_of(row) for row in _queries.select_pools(tx, after=after, limit=limit)]


def pools_by_id(tx: Transaction, pool_ids: Iterable[int]) -> dict[int, Pool]:
    """Some pools, by their identifier."""
    found = _queries.select_pools_by_id(tx, pool_ids=sorted(set(pool_ids)))
    return {row.pool_id: pool_of(row) for row in found}


def levels(tx: Transaction, pool_ids: Iterable[int]) -> dict[int, _queries.Level]:
    """How many codes pools have, by what became of them; zeros for those without."""
    ids = sorted(set(pool_ids))
    found = {one.pool_id: one for one in _queries.select_levels(tx, pool_ids=ids)}
    return {number: found.get(number, _queries.Level(number, 0, 0, 0, 0)) for number in ids}


def codes(tx: Transaction, pool_id: int, *, after: str = "", limit: int = 50) -> list[Issued]:
    """The codes of a pool, by how they read; page on with the last one's `key` as `after`."""
    return _queries.select_codes(tx, pool_id=pool_id, after=after, limit=limit)


def batches(tx: Transaction, pool_id: int, *, limit: int = 50) -> list[Batch]:
    """What came into a pool, the latest first."""
    return _queries.select_batches(tx, pool_id=pool_id, limit=limit)


def open_pool_of(tx: Transaction, code: str) -> Pool:
    """The pool of that code, if it is open.

    Raises:
        PoolNotFound: there is none.
        PoolClosed: it is closed.
    """
    found = pool(tx, code)
    if found.closed_at is not None:
        raise PoolClosed(pool=code)
    return found


@dataclass(frozen=True, slots=True)
class Filled:
    """What came into a pool."""

    added: int
    known: int
    refused: list[RefusedRow]
    """The rows that became no code, by their number."""

    entropy_bits: float | None = None
    """Of codes made here: how many bits of each are random."""


def generate(
    tx: Transaction, code: str, count: int, *, at: datetime, by: str, prefix: str = "", characters: int = 12
) -> Filled:
    """Make random codes: `characters` of them after the prefix, the last being the check. Facts: `coupon_pool.filled`.

    Raises:
        PoolNotFound, PoolClosed: there is no such pool that is open.
        BadCoupon: too many, or so short that guessing would pay: more than one in a million would be hit.
    """
    found = open_pool_of(tx, code)
    _check_wish(count, prefix, characters)
    added = 0
    while added < count:  # the few that are there by chance already are made anew
        lot = min(_MADE_AT_ONCE, count - added)
        _queries.stage_codes(tx, _codes.new_codes(lot, prefix=prefix, characters=characters))
        added += _queries.insert_staged(tx, pool_id=found.pool_id)
    source = f"{count} made, {prefix or 'no prefix'}, {characters} characters"
    _note(tx, found, Filled(added, 0, []), source, at, by)
    return Filled(added, 0, [], _codes.entropy_bits(characters))


def _check_wish(count: int, prefix: str, characters: int) -> None:
    if not 1 <= count <= MOST_CODES:
        raise BadCoupon(field="count", value=count, remedy=f"give 1 to {MOST_CODES}")
    if len(prefix) > 20 or not all(part.isascii() and part.isalnum() for part in prefix.split("-") if prefix):
        raise BadCoupon(field="prefix", value=prefix, remedy="give at most 20 letters, digits and - between them")
    if not 4 <= characters <= MOST_CHARACTERS:
        raise BadCoupon(field="characters", value=characters, remedy=f"give 4 to {MOST_CHARACTERS}")
    if _codes.guesses_per_hit(characters, count) < _SAFE:
        enough = next(n for n in range(4, LONGEST) if _codes.guesses_per_hit(n, count) >= _SAFE)
        remedy = f"give {enough} or more: of {count} codes so short, somebody who guesses would soon hit one"
        raise BadCoupon(field="characters", value=characters, remedy=remedy)


def import_codes(tx: Transaction, code: str, lines: Iterable[str], *, source: str, at: datetime, by: str) -> Filled:
    """Bring codes over from a file: one a line, or CSV with a column `code`. Facts: `coupon_pool.filled`.

    Rows that hold no code come back with the reason, all others are imported. What is there already is `known`: the same
    file again, or the rest of one after a kill, changes nothing else.

    Raises:
        PoolNotFound, PoolClosed: there is no such pool that is open.
    """
    found = open_pool_of(tx, code)
    read = _codes.read_codes(lines)
    added, known, refused = 0, 0, list(read.refused)
    for start in range(0, read.codes.num_rows, AT_ONCE):
        some = read.codes.slice(start, AT_ONCE)
        _queries.stage_codes(tx, some)
        new = _queries.insert_staged(tx, pool_id=found.pool_id)
        taken = [_taken(*row) for row in _queries.select_taken(tx, pool_id=found.pool_id, limit=AT_ONCE)]
        added, known, refused = added + new, known + some.num_rows - new - len(taken), refused + taken
    refused.sort(key=lambda one: one.row)
    done = Filled(added, known, refused)
    _note(tx, found, done, source, at, by)
    return done


def _taken(row: int, text: str, known: str, elsewhere: bool) -> RefusedRow:  # noqa: FBT001  a row of the database
    if elsewhere:
        return RefusedRow(row, text, "another pool has a code that reads so")
    return RefusedRow(row, text, f"it reads like {known}, which is here already")


def has_header(lot: Sequence[str]) -> bool:
    """Whether the first line names the columns."""
    return bool(lot) and "code" in lot[0].lower().replace('"', "").strip().lstrip("\ufeff").split(",")


def in_lots(lines: Iterable[str], *, rows: int = AT_ONCE) -> Iterable[Sequence[str]]:
    """The lines of a file in lots, for a transaction each; the header stands at the head of every one of them."""
    given = iter(lines)
    first = list(islice(given, 1))
    header = first if has_header(first) else []
    lot = first + list(islice(given, rows - 1))
    while lot:
        yield lot
        more = list(islice(given, rows))
        lot = header + more if more else []


def _note(tx: Transaction, found: Pool, done: Filled, source: str, at: datetime, by: str) -> None:
    """Keep what came in, and tell; a pool that is low no more may run low again."""
    batch = Batch(random_id(), found.pool_id, source[:200], done.added, done.known, len(done.refused), at, by)
    _queries.insert_batch(tx, new=batch)
    about = {"pool": found.code, "added": done.added, "known": done.known, "refused": len(done.refused), "by": by}
    facts.record(tx, [facts.Fact("coupon_pool.filled", at, None, found.pool_id, about)], at=at)
    _queries.clear_low(tx, pool_id=found.pool_id)


def share_code(tx: Transaction, pool_code: str, code: str, *, at: datetime, by: str) -> Filled:
    """Give a shared pool a code for everybody, `SUMMER26`. Facts: `coupon_pool.filled`.

    Raises:
        PoolNotFound, PoolClosed: there is no such pool that is open.
        BadCoupon: the text cannot be a code, or another pool has it.
    """
    reason = _codes.unusable(code)
    if reason:
        raise BadCoupon(field="code", value=code, remedy=reason)
    done = import_codes(tx, pool_code, [f'"{code.replace(chr(34), "")}"'], source="by hand", at=at, by=by)
    if done.refused:
        raise BadCoupon(field="code", value=code, remedy=f"{done.refused[0].reason}: give another one")
    return done


def watch(tx: Transaction, *, at: datetime, pool_ids: list[int] | None = None) -> int:
    """Tell once of each pool that has run low, until it is filled again; how many. Facts: `coupon_pool.ran_low`."""
    low = _queries.mark_low(tx, pool_ids=pool_ids, at=at)
    if not low:
        return 0
    left = levels(tx, low)
    about = [(one, {"pool": one.code, "free": left[one.pool_id].free, "low_water": one.low_water})
             for one in pools_by_id(tx, low).values()]  # fmt: skip
    facts.record(tx, [facts.Fact("coupon_pool.ran_low", at, None, one.pool_id, data) for one, data in about], at=at)
    return len(low)


def close_pool(tx: Transaction, code: str, *, at: datetime, by: str) -> Pool:
    """Close a pool for good: no code of it is handed out or good any more. Facts: `coupon_pool.closed`.

    Raises:
        PoolNotFound: there is none.
    """
    found = pool(tx, code)
    if _queries.close_pool(tx, pool_id=found.pool_id, at=at):
        data = {"pool": code, "by": by}
        facts.record(tx, [facts.Fact("coupon_pool.closed", at, None, found.pool_id, data)], at=at)
    return pool(tx, code)
