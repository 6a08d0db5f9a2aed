"""Proof: whether the ledger is right, since when that is known, and where it is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Response

from regulars import members
from regulars.access import Permission
from regulars.console import _addresses, _columns, _invariants, _pages
from regulars.console._kinds import Kinds
from regulars.console._visits import Visit, require
from regulars.ledger import archive, desk, proof
from regulars.ledger.proof import Finding
from regulars.members import Member
from regulars.storage import Transaction

_ROWS: Final = 30
_FINDINGS: Final = 100


@dataclass(frozen=True, slots=True)
class Located:
    """What breaks an invariant, in words, and whose account it is on."""

    finding: Finding
    says: str
    advice: str
    member: Member | None
    point_type: str | None


@get("/points/proof", sync_to_thread=True)
def show_proof(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """The state of the ledger, what was found, and every pass."""
    require(visit, Permission.AUDIT)
    text = request.query_params.get("before")
    before = _addresses.whole("before", text, 1, 999_999_999) if text else None
    with visit.app.database.transaction(read_only=True) as tx:
        found = proof.passes(tx, before=before, limit=_ROWS + 1)
        latest = proof.passes(tx, limit=2)
        located = _located(tx, visit, proof.findings(tx, only_open=False, limit=_FINDINGS))
        kinds = Kinds.read(tx, visit.language)
        years = archive.years(tx)
    rows = found[:_ROWS]
    return _pages.page(
        visit,
        "proof.html",
        passes=rows,
        following=rows[-1].pass_id if len(found) > _ROWS else None,
        before=before,
        running=next((one for one in latest if one.finished_at is None), None),
        last=next((one for one in latest if one.finished_at is not None), None),
        broken=[one for one in located if one.finding.gone_at is None],
        mended=[one for one in located if one.finding.gone_at is not None],
        most=_FINDINGS,
        columns=_columns.columns([(one.entries, one.discrepancies) for one in reversed(rows)]),
        kinds=kinds,
        archived=sum(one.entries for one in years),
        years=years,
        away=[one for one in years if one.detached_at is not None],
    )


def _located(tx: Transaction, visit: Visit, findings: Sequence[Finding]) -> list[Located]:
    owners = desk.owners(tx, [one.account_id for one in findings])
    people = {one.member_id: one for one in members.find_all(tx, sorted({who for who, _ in owners.values()}))}
    located: list[Located] = []
    for one in findings:
        says, advice = _invariants.told(visit.language, one)
        who, point_type = owners.get(one.account_id, (None, None))
        located.append(Located(one, says, advice, people.get(who) if who is not None else None, point_type))
    return located


PAGES: Final = (show_proof,)
