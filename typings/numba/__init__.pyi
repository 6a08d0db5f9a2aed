# numba has no types of its own. What it compiles keeps the types it was written with.
from collections.abc import Callable
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])

def njit(
    *, cache: bool = ..., nogil: bool = ..., parallel: bool = ..., fastmath: bool | set[str] = ..., inline: str = ...
) -> Callable[[_F], _F]: ...
