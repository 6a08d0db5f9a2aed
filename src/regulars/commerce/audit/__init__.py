"""Whether what is stored of orders and returns agrees with itself.

The invariant: every document has its shop and its member, every line its document and its product, every total is the
sum of its lines, and what an order line says has come back is what the returns say. Documents and lines have no foreign
keys, for speed; this is what stands in for them.

    assert audit.contradictions(tx) == []
"""

from regulars.commerce.audit._queries import Contradiction, contradictions

__all__ = ["Contradiction", "contradictions"]
