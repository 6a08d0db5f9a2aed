"""What happens by itself: reactions to facts, and work that falls due.

The invariant: every fact with a reaction is reacted to at least once, and every reaction may happen again without
effect. Two processes that run the jobs of one database share the work and never do it twice.

    jobs.react(app)              # after a write: points and tiers follow
    jobs.tick(app)               # what is due: expiry, tier reviews, fresh portraits
    jobs.deliver(app)            # webhooks: what is due is sent
    jobs.try_drafts(app)         # what-ifs that wait are replayed
    jobs.run(app, stop=event)    # all of it, until told to stop
    jobs.retry(app)              # reactions that failed, once more; jobs.failures(tx) names them
    jobs.import_file(app, shop, source)   # a shop's export, points and tiers included
    jobs.import_points(app, source, naming)  # opening balances from another system
"""

from regulars.jobs._failures import failures
from regulars.jobs._imports import import_file, import_points, try_points
from regulars.jobs._loop import run, tick
from regulars.jobs._queries import Failure
from regulars.jobs._webhooks import deliver, run_webhooks
from regulars.jobs._what_ifs import run_what_ifs, try_drafts
from regulars.jobs.reactions import Retried, react, react_within, retry

__all__ = [
    "Failure",
    "Retried",
    "deliver",
    "failures",
    "import_file",
    "import_points",
    "react",
    "react_within",
    "retry",
    "run",
    "run_webhooks",
    "run_what_ifs",
    "tick",
    "try_drafts",
    "try_points",
]
