"""What stands in a document that nobody has checked yet."""

from typing import Any, cast


def mapping_of(value: Any) -> dict[str, Any]:
    """A mapping as it is; nothing, where it is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """A list as it is; nothing, where it is none."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def code_of(item: Any) -> str:
    """The code of a thing, if it has one."""
    code = mapping_of(item).get("code")
    return code if isinstance(code, str) else ""
