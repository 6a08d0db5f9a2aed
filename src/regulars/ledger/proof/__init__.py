"""Proof that the ledger is right: it is gone through for ever, account by account, and every pass leaves a root hash.

The invariant: what a pass found is kept until a later check finds it right, and a pass that was killed goes on where
it was.

    while (done := proof.reconcile(tx, at=now)) and not done.finished_at: …     # a transaction each
    checked = proof.verify_since(tx, yesterday, at=now)
    assert proof.findings(tx) == []
"""

from regulars.ledger.proof._passes import THE_WHOLE, Checked, export_journal, findings, passes, reconcile, verify_since
from regulars.ledger.proof._queries import Finding, Pass

__all__ = [
    "THE_WHOLE",
    "Checked",
    "Finding",
    "Pass",
    "export_journal",
    "findings",
    "passes",
    "reconcile",
    "verify_since",
]
