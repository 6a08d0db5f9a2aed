"""Sending again what was sent before, or what an endpoint has missed."""

from regulars.facts.webhooks.replays._replays import (
    BadReplay,
    Range,
    ReplayNotFound,
    advance_replays,
    find_replay,
    list_replays,
    replay_dead_letters,
    replay_delivery,
    replay_facts,
)

__all__ = [
    "BadReplay",
    "Range",
    "ReplayNotFound",
    "advance_replays",
    "find_replay",
    "list_replays",
    "replay_dead_letters",
    "replay_delivery",
    "replay_facts",
]
