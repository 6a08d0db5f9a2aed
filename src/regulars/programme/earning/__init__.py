"""What orders earn: rules of the programme's document, evaluated one order at a time or a million at once, and why.

rules = earning.compiled(programme.earning)
decision = earning.evaluate(rules, case)
decision.parts  # {("points", ""): 350}
decision.verdicts[1].why  # 'condition'
"""

from regulars.programme.earning._cases import (
    TAGS_BETWEEN,
    Asked,
    Basis,
    items_of,
    less,
    order_row,
    other_minor,
    pinned_rows,
    spend_of,
)
from regulars.programme.earning._documents import proportion, proportional, refuse_unknown
from regulars.programme.earning._evaluation import (
    Allowance,
    Case,
    Decision,
    Item,
    Part,
    Verdict,
    Why,
    evaluate,
    kept_of,
    shared,
)
from regulars.programme.earning._many import evaluate_many, is_set_based, statement
from regulars.programme.earning._queries import Sold, Use, lessen_uses, select_sold, upsert_uses
from regulars.programme.earning._rules import (
    MOST_POINTS,
    Compiled,
    Condition,
    Limit,
    Period,
    Rule,
    Rules,
    Terms,
    check,
    compiled,
)
from regulars.programme.earning._uses import Known, allowances, known_uses, seen_uses, uses_of
from regulars.programme.earning._words import Audience, Language, Reason, Speaker, reasons

__all__ = [
    "MOST_POINTS",
    "TAGS_BETWEEN",
    "Allowance",
    "Asked",
    "Audience",
    "Basis",
    "Case",
    "Compiled",
    "Condition",
    "Decision",
    "Item",
    "Known",
    "Language",
    "Limit",
    "Part",
    "Period",
    "Reason",
    "Rule",
    "Rules",
    "Sold",
    "Speaker",
    "Terms",
    "Use",
    "Verdict",
    "Why",
    "allowances",
    "check",
    "compiled",
    "evaluate",
    "evaluate_many",
    "is_set_based",
    "items_of",
    "kept_of",
    "known_uses",
    "less",
    "lessen_uses",
    "order_row",
    "other_minor",
    "pinned_rows",
    "proportion",
    "proportional",
    "reasons",
    "refuse_unknown",
    "seen_uses",
    "select_sold",
    "shared",
    "spend_of",
    "statement",
    "upsert_uses",
    "uses_of",
]
