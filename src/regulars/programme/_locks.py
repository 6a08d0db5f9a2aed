"""One order in which what follows facts is locked, whatever follows: awards, members with limits, budgets, and last the ledger."""

from collections.abc import Sequence

from regulars.programme import _deciding, _queries, _spending, budgets, earning
from regulars.programme._deciding import basis_of
from regulars.programme._holdings import lock_holdings
from regulars.programme._versions import by_version
from regulars.storage import Transaction


def lock_orders(tx: Transaction, order_ids: Sequence[int] = (), *, return_ids: Sequence[int] = ()) -> None:
    """Lock all that orders, and those of some returns, may take of budgets, before anything is posted for them.

    Several verbs follow one order, and each posts. Whoever had posted for a goal and waited for a budget would wait for one who
    has the budget and waits for the account. It costs one small query where no version has a budget.
    """
    if not _queries.any_budget(tx):
        return
    back = _queries.select_orders_back(tx, return_ids=list(return_ids)) if return_ids else []
    ids = sorted({*order_ids, *back})
    versions = {one.order_id: one.version_id for one in _queries.select_unawarded(tx, order_ids=ids)}
    versions |= {order_id: one.version_id for order_id, one in lock_holdings(tx, ids).items()}
    held = by_version(tx, set(versions.values())) if versions else {}
    bases = {version_id: basis_of(programme) for version_id, programme in held.items()}
    if not any(basis.budgets for basis in bases.values()):
        return
    buyers = _queries.select_buyers_of(tx, order_ids=ids)
    if buyers:
        earning.lock_counted(tx, member_ids=buyers)
    sold = _deciding.read_sold(tx, versions, held)
    keys, references = _spending.wanted([(one, bases[versions[one.order_id]]) for one in sold])
    budgets.open_purses(tx, keys, references)
