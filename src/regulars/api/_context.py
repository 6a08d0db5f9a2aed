"""What travels with a request beside its content: its id, who calls, and headers that its answer will carry."""

import re
import secrets
from typing import Any, Final

_USABLE: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def request_id(scope: Any) -> str:
    """The id of a request: the caller's X-Request-Id when it is usable, otherwise a new one."""
    state: dict[str, Any] = scope["state"]
    if "request_id" not in state:
        sent = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
        state["request_id"] = sent if _USABLE.fullmatch(sent) else secrets.token_hex(16)
    return state["request_id"]


def answer_headers(scope: Any) -> dict[str, str]:
    """Headers that the answer to this request will carry, whatever it turns out to be; add to them."""
    return scope["state"].setdefault("answer_headers", {})


def note_caller(scope: Any, caller: str) -> None:
    """Note who calls, for the log."""
    scope["state"]["caller"] = caller


def caller_of(scope: Any) -> str | None:
    """Who calls, as noted."""
    return scope["state"].get("caller")
