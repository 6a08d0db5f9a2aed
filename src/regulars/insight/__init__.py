"""What the orders say about the members: measures, cohorts, recency-frequency-money, the overview, the directory.

The invariant: every figure is computed from one definition (`measures()`), on one frame of purchases and refunds that
all belong to the same moment, and opens to exactly the members it counts.

    frame = app.frames.read(app.database)                    # or Frame(a table of purchases), in a notebook
    insight.figure(frame, "repurchase_rate", Scope(date(2011, 9, 1), date(2011, 12, 1))).value
    insight.members_behind(frame, "repurchase_rate", Scope(date(2011, 9, 1), date(2011, 12, 1)))
    insight.directory(tx, Filter(search="ada", grade="gold"), sort="spend", descending=True)
"""

from regulars.insight import frames
from regulars.insight._buyers import Buyers, buyers
from regulars.insight._cohorts import Cohort, CohortCell, cohort_members, cohorts
from regulars.insight._directory import COUNTED_UP_TO, MOST_ROWS, BadCursor, BadLimit, Page, directory
from regulars.insight._figures import Figure, Point, figure, figures, members_behind
from regulars.insight._frames import SCHEMA, Frame, Frames
from regulars.insight._measures import Measure, MeasureNotFound, Words, measure, measures
from regulars.insight._overview import Overview, overview
from regulars.insight._portraits import GRADES, Distribution, Refreshed, distribution, portrait, refresh, rfm
from regulars.insight._queries import Filter, MemberRow, Portrait, RfmCell, Share, Sort
from regulars.insight._rules import BadScope, Scope, Step, fitting_step
from regulars.insight.frames import BadFrame

__all__ = [
    "COUNTED_UP_TO",
    "GRADES",
    "MOST_ROWS",
    "SCHEMA",
    "BadCursor",
    "BadFrame",
    "BadLimit",
    "BadScope",
    "Buyers",
    "Cohort",
    "CohortCell",
    "Distribution",
    "Figure",
    "Filter",
    "Frame",
    "Frames",
    "Measure",
    "MeasureNotFound",
    "MemberRow",
    "Overview",
    "Page",
    "Point",
    "Portrait",
    "Refreshed",
    "RfmCell",
    "Scope",
    "Share",
    "Sort",
    "Step",
    "Words",
    "buyers",
    "cohort_members",
    "cohorts",
    "directory",
    "distribution",
    "figure",
    "figures",
    "fitting_step",
    "frames",
    "measure",
    "measures",
    "members_behind",
    "overview",
    "portrait",
    "refresh",
    "rfm",
]
