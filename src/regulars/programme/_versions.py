"""Publishing the programme, and reading what holds."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from regulars import commerce, facts
from regulars.errors import NotFound
from regulars.programme import _queries, tiers
from regulars.programme._records import Version
from regulars.programme._refusals import BadProgramme
from regulars.programme._rules import Programme, default
from regulars.programme.tiers import Reign, Reigns
from regulars.storage import Transaction


class NoProgramme(NotFound):
    """There is no programme yet: open a shop, or publish one."""


def publish(
    tx: Transaction, programme: Programme, *, at: datetime, by: str, effective_at: datetime | None = None
) -> Programme:
    """Make a programme the one that holds from `effective_at`, or at once; then every tier is judged anew.

    What was earned before keeps its terms: awards keep their version, lots and promises their times. An order earns
    under the version that held when it was paid, whenever it is told. Facts: `programme.published`.

    Raises:
        BadProgramme: it cannot be used, or would begin in the past; the one that holds stays.
    """
    checked = Programme.from_document(programme.as_document())
    begins = effective_at or at
    if begins < at:
        raise BadProgramme(
            field="effective_at", value=begins.isoformat(), remedy="give a later moment: what is past keeps its terms"
        )
    version_id = _queries.insert_version(tx, document=checked.as_document(), at=at, by=by, effective_at=begins)
    tiers.review_everyone(tx, at=begins)
    about = {"name": checked.name, "by": by, "effective_at": begins.isoformat()}
    facts.record(tx, [facts.Fact("programme.published", at, None, version_id, about)], at=at)
    return replace(checked, version_id=version_id)


def current(tx: Transaction, *, at: datetime) -> Programme:
    """The programme that holds at `at`; before one does, the default one in the first shop's currency, as version 0.

    Raises:
        NoProgramme: none holds and there is no shop to make one for.
    """
    version = _queries.select_in_force(tx, at=at)
    if version:
        return _read(version)
    shops = commerce.shops(tx)
    if not shops:
        raise NoProgramme
    first = min(shops, key=lambda shop: shop.created_at)
    return default(first.currency, first.time_zone)


def time_zone(tx: Transaction, *, at: datetime) -> str:
    """Whose days points expire with, by the programme that holds at `at`: an IANA name, UTC while there is none."""
    try:
        return current(tx, at=at).time_zone
    except NoProgramme:
        return "UTC"


def in_force(tx: Transaction, *, at: datetime) -> Programme:
    """The programme that holds at `at`, published if it was only the default: what awards and standings refer to.

    Raises:
        NoProgramme: none holds and there is no shop to make one for.
    """
    holds = current(tx, at=at)
    return holds if holds.version_id else publish(tx, holds, at=at, by="regulars")


def reigns(tx: Transaction, *, since: datetime, at: datetime, known_at: datetime | None = None) -> Reigns:
    """The tier sets that hold from `since` on, version after version, as published by `known_at`.

    Before any, those of the programme that holds at `at`.

    Raises:
        NoProgramme: none was published and there is no shop to make one for.
    """
    versions = _queries.select_reigning(tx, since=since, known_at=known_at)
    if not versions:
        return reigns_of([current(tx, at=at)], [since])
    return reigns_of([_read(one) for one in versions], [one.effective_at for one in versions])


def reigns_of(programmes: Sequence[Programme], begins: Sequence[datetime]) -> Reigns:
    """The tier sets of programmes that hold one after the other."""
    ends = [*begins[1:], tiers.NEVER]
    return Reigns(
        [
            Reign(one.tier_sets, one.time_zone, start, end)
            for one, start, end in zip(programmes, begins, ends, strict=True)
        ]
    )


def by_version(tx: Transaction, version_ids: Collection[int]) -> dict[int, Programme]:
    """Some versions, by their number."""
    found = _queries.select_versions_by_id(tx, version_ids=sorted(version_ids))
    return {version.version_id: _read(version) for version in found}


def _read(version: Version) -> Programme:
    return Programme.from_document(version.document, version_id=version.version_id)


def versions(tx: Transaction, *, limit: int = 100) -> list[Version]:
    """Every version published, the latest first."""
    return _queries.select_versions(tx, limit=limit)
