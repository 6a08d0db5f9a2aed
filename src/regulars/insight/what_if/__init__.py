"""What if another programme had held: the orders of the last months replayed under it, before it is published.

The invariant: a replay gives what publishing that programme in an empty copy and bringing the same orders and returns would
give, order by order and tier by tier; and it changes nothing but the row it is kept in.

    asked = what_if.ask(tx, wanted, by="ada@shop.example", at=now, months=12)
    what_if.run(database, asked.what_if_id, clock=clock).report.winners
    what_if.compare(history, held, wanted, months=12)      # in a notebook: of tables, with no database
"""

from regulars.insight.what_if._histories import SCHEMAS, History, history
from regulars.insight.what_if._reading import read, with_more
from regulars.insight.what_if._records import (
    Contribution,
    Decile,
    Group,
    Individual,
    Month,
    Move,
    Points,
    PointsCompared,
    Report,
    RuleCompared,
    WhatIf,
)
from regulars.insight.what_if._replays import replay
from regulars.insight.what_if._reports import compare, first_moment
from regulars.insight.what_if._runs import (
    MOST_MINOR,
    MOST_MONTHS,
    BadWhatIf,
    WhatIfNotFound,
    WhatIfNotMade,
    WhatIfOver,
    ask,
    cancel,
    claim,
    fail,
    find,
    listed,
    of_draft,
    run,
)

__all__ = [
    "MOST_MINOR",
    "MOST_MONTHS",
    "SCHEMAS",
    "BadWhatIf",
    "Contribution",
    "Decile",
    "Group",
    "History",
    "Individual",
    "Month",
    "Move",
    "Points",
    "PointsCompared",
    "Report",
    "RuleCompared",
    "WhatIf",
    "WhatIfNotFound",
    "WhatIfNotMade",
    "WhatIfOver",
    "ask",
    "cancel",
    "claim",
    "compare",
    "fail",
    "find",
    "first_moment",
    "history",
    "listed",
    "of_draft",
    "read",
    "replay",
    "run",
    "with_more",
]
