"""Publishing the programme, and reading what holds."""

from collections.abc import Collection
from datetime import datetime

from regulars import commerce, facts
from regulars.errors import NotFound
from regulars.programme import _queries
from regulars.programme._queries import Version
from regulars.programme._rules import Programme, default
from regulars.storage import Transaction


class NoProgramme(NotFound):
    """There is no programme yet: open a shop, or publish one."""


def publish(tx: Transaction, programme: Programme, *, at: datetime, by: str) -> Programme:
    """Make a programme the one that holds from `at`; earlier awards keep their version, every tier is judged anew.

    Facts: `programme.published`.

    Raises:
        BadProgramme: it cannot be used; the one that holds stays.
    """
    checked = Programme.from_document(programme.as_document())
    version_id = _queries.insert_version(tx, document=checked.as_document(), at=at, by=by)
    _queries.review_everyone(tx, at=at)
    facts.record(tx, [facts.Fact("programme.published", at, None, version_id, {"name": checked.name, "by": by})], at=at)
    return Programme.from_document(checked.as_document(), version_id=version_id)


def current(tx: Transaction) -> Programme:
    """The programme that holds; before one is published, the default one in the first shop's currency, as version 0.

    Raises:
        NoProgramme: none was published and there is no shop to make one for.
    """
    for version in _queries.select_versions(tx, limit=1):
        return _read(version)
    shops = commerce.shops(tx)
    if not shops:
        raise NoProgramme
    first = min(shops, key=lambda shop: shop.created_at)
    return default(first.currency, first.time_zone)


def in_force(tx: Transaction, *, at: datetime) -> Programme:
    """The programme that holds, published if it was only the default: what awards and standings refer to.

    Raises:
        NoProgramme: none was published and there is no shop to make one for.
    """
    holds = current(tx)
    return holds if holds.version_id else publish(tx, holds, at=at, by="regulars")


def held_at(tx: Transaction, *, at: datetime) -> Programme:
    """The programme that held at a moment; before the first was published, the one that holds now.

    Raises:
        NoProgramme: none was published and there is no shop to make one for.
    """
    version = _queries.select_version_published(tx, by=at)
    return _read(version) if version else current(tx)


def by_version(tx: Transaction, version_ids: Collection[int]) -> dict[int, Programme]:
    """Some versions, by their number."""
    found = _queries.select_versions_by_id(tx, version_ids=sorted(version_ids))
    return {version.version_id: _read(version) for version in found}


def _read(version: Version) -> Programme:
    return Programme.from_document(version.document, version_id=version.version_id)


def versions(tx: Transaction, *, limit: int = 100) -> list[Version]:
    """Every version published, the latest first."""
    return _queries.select_versions(tx, limit=limit)
