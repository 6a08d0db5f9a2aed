"""Who wants which facts, where, and with which secrets they are signed."""

from regulars.facts.webhooks.endpoints._endpoints import (
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
    require_enabled,
    rotate_secret,
    stop_endpoint,
    stopped_by_itself,
)

__all__ = [
    "AddedEndpoint",
    "EndpointDisabled",
    "EndpointNotFound",
    "TooManyEndpoints",
    "Wish",
    "add_endpoint",
    "amend_endpoint",
    "disable_endpoint",
    "enable_endpoint",
    "find_endpoint",
    "list_endpoints",
    "remove_endpoint",
    "require_enabled",
    "rotate_secret",
    "stop_endpoint",
    "stopped_by_itself",
]
