"""Facts sent to other systems: who wants which, what is still to be sent, how every attempt went.

The invariant: every fact recorded while an endpoint that asked for its name was enabled becomes exactly one delivery to
it, made in the feed's own order; a delivery is sent at least once, or becomes a dead letter after more than three days
of attempts, and every attempt is kept. Nothing is ever sent to an address that has not been checked.

    added = add_endpoint(tx, Wish(url="https://crm.example/hook", names=["points.*"]), by="Ada", reach=reach, at=now)
    prepare(tx, at=now)                                   # facts become deliveries, one statement for many
    for stream in claim(tx, at=now, limit=32): …          # sent outside of any transaction: `line(reach, stream.url)`
    record(tx, stream, attempts, at=now)                  # what came of it, and when to try again
"""

from regulars.facts.webhooks._addresses import AddressRefused, Reach
from regulars.facts.webhooks._deliveries import (
    Attempted,
    DeliveryNotFound,
    attempts_of,
    body_of,
    claim,
    clear,
    find_delivery,
    headers,
    health,
    list_deliveries,
    message,
    ping,
    prepare,
    record,
)
from regulars.facts.webhooks._records import Attempt, Backlog, Delivery, Due, Endpoint, Hour, Replay, Stream
from regulars.facts.webhooks._rules import (
    ATTEMPTS,
    DISABLED_AFTER,
    HOLD,
    LEASE,
    STATES,
    BadEndpoint,
    Message,
    State,
    delay_after,
    read_secret,
    signature,
)
from regulars.facts.webhooks._sending import Answer, line
from regulars.facts.webhooks.endpoints import (
    AddedEndpoint,
    EndpointDisabled,
    EndpointNotFound,
    TooManyEndpoints,
    Wish,
    add_endpoint,
    amend_endpoint,
    disable_endpoint,
    enable_endpoint,
    find_endpoint,
    list_endpoints,
    remove_endpoint,
    rotate_secret,
    stopped_by_itself,
)
from regulars.facts.webhooks.replays import (
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
    "ATTEMPTS",
    "DISABLED_AFTER",
    "HOLD",
    "LEASE",
    "STATES",
    "AddedEndpoint",
    "AddressRefused",
    "Answer",
    "Attempt",
    "Attempted",
    "Backlog",
    "BadEndpoint",
    "BadReplay",
    "Delivery",
    "DeliveryNotFound",
    "Due",
    "Endpoint",
    "EndpointDisabled",
    "EndpointNotFound",
    "Hour",
    "Message",
    "Range",
    "Reach",
    "Replay",
    "ReplayNotFound",
    "State",
    "Stream",
    "TooManyEndpoints",
    "Wish",
    "add_endpoint",
    "advance_replays",
    "amend_endpoint",
    "attempts_of",
    "body_of",
    "claim",
    "clear",
    "delay_after",
    "disable_endpoint",
    "enable_endpoint",
    "find_delivery",
    "find_endpoint",
    "find_replay",
    "headers",
    "health",
    "line",
    "list_deliveries",
    "list_endpoints",
    "list_replays",
    "message",
    "ping",
    "prepare",
    "read_secret",
    "record",
    "remove_endpoint",
    "replay_dead_letters",
    "replay_delivery",
    "replay_facts",
    "rotate_secret",
    "signature",
    "stopped_by_itself",
]
