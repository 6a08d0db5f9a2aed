"""How a route of the API is declared: what it needs, what it may refuse, where it stands in the documentation."""

from collections.abc import Sequence
from typing import Any

from litestar import get, patch, post

from regulars.access import Permission
from regulars.errors import RegularsError

Refusals = Sequence[type[RegularsError]]


def reading(
    path: str,
    *,
    tag: str,
    permission: Permission = Permission.READ,
    refusals: Refusals = (),
    files: Sequence[str] = (),
    **options: Any,
) -> get:
    """A route that changes nothing; `files` are the media types it answers with, when it is a file."""
    return get(path, tags=[tag], sync_to_thread=True, opt=_opt(permission, refusals) | {"files": files}, **options)


def creating(
    path: str,
    *,
    tag: str,
    permission: Permission,
    refusals: Refusals = (),
    statuses: Sequence[int] = (),
    **options: Any,
) -> post:
    """A route that adds something; `statuses` are those it answers with beside its usual one."""
    return post(
        path, tags=[tag], sync_to_thread=True, opt=_opt(permission, refusals) | {"statuses": statuses}, **options
    )


def amending(path: str, *, tag: str, permission: Permission, refusals: Refusals = (), matching: bool = False) -> patch:
    """A route that changes part of something; `matching`: only as it was read, which If-Match has to say."""
    return patch(path, tags=[tag], sync_to_thread=True, opt=_opt(permission, refusals) | {"matching": matching})


def _opt(permission: Permission, refusals: Refusals) -> dict[str, Any]:
    return {"permission": permission, "refusals": tuple(refusals)}
