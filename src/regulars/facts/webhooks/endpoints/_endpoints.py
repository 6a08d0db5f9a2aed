"""Endpoints: added, amended, enabled, disabled, given a new secret, removed."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlsplit

from regulars import facts
from regulars.errors import Conflict, NotFound
from regulars.facts.webhooks._addresses import Reach, checked_url
from regulars.facts.webhooks._records import Endpoint
from regulars.facts.webhooks._rules import BadEndpoint, show_secret, wanted_names
from regulars.facts.webhooks._vault import Vault
from regulars.facts.webhooks.endpoints import _queries
from regulars.storage import Transaction
from regulars.types import random_id, to_public

LANES: Final = 4
"""How many lines to one endpoint there are at once."""
MOST: Final = 200
LONGEST_OVERLAP: Final = timedelta(days=7)
_SECRET_BYTES: Final = 32

Because = Literal["asked", "gone", "failing"]


class EndpointNotFound(NotFound):
    """There is no webhook endpoint {endpoint}."""


class EndpointDisabled(Conflict):
    """Webhook endpoint {endpoint} is disabled: enable it first."""


class TooManyEndpoints(Conflict):
    """There are {most} webhook endpoints already: remove one that is not needed any more."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Where facts of which names shall be sent."""

    url: str
    names: Sequence[str]
    """`order.paid`, `points.*` or `*`."""
    description: str = ""


@dataclass(frozen=True, slots=True)
class AddedEndpoint:
    """An endpoint with a secret that is shown this once: `whsec_…`."""

    endpoint: Endpoint
    secret: str


def add_endpoint(
    tx: Transaction, wish: Wish, *, by: str, reach: Reach, vault: Vault, at: datetime
) -> AddedEndpoint:  # fmt: skip
    """Send facts to a URL from now on.

    Raises:
        BadEndpoint: the URL, a name or the description cannot be used.
        TooManyEndpoints: there are 200 already.
        SecretKeyMissing: its secret cannot be encrypted.
    """
    checked = _checked(wish, reach)
    if _queries.count_endpoints(tx) >= MOST:
        raise TooManyEndpoints(most=MOST)
    new = Endpoint(
        random_id(), checked.url, list(checked.names), checked.description, created_at=at, created_by=by,
        enabled_at=at, enabled_by=by, disabled_at=None, disabled_by=None, disabled_because=None, failures=0,
        failing_since=None, resting_until=None, delivered_at=None,
    )  # fmt: skip
    _queries.insert_endpoint(tx, new=new)
    _queries.insert_lanes(tx, endpoint_id=new.endpoint_id, lanes=LANES, at=at)
    secret = _new_secret(tx, new.endpoint_id, vault, at)
    _tell(tx, "added", new, at, by=by, names=new.names)
    return AddedEndpoint(new, secret)


def _checked(wish: Wish, reach: Reach) -> Wish:
    description = wish.description.strip()
    if len(description) > 200 or not (description.isprintable()):
        raise BadEndpoint(field="description", value=description[:200], remedy="give at most 200 printable letters")
    return Wish(checked_url(wish.url, reach), wanted_names(wish.names), description)


def _new_secret(tx: Transaction, endpoint_id: int, vault: Vault, at: datetime) -> str:
    secret = secrets.token_bytes(_SECRET_BYTES)
    _queries.insert_secret(tx, endpoint_id=endpoint_id, secret=vault.seal(secret), at=at)
    return show_secret(secret)


def _tell(tx: Transaction, what: str, endpoint: Endpoint, at: datetime, **about: object) -> None:
    """Record what happened to an endpoint. Of its URL only the host: the rest may be a secret of the receiver's."""
    data = {"host": urlsplit(endpoint.url).hostname, "description": endpoint.description, **about}
    facts.record(tx, [facts.Fact(f"webhook.{what}", at, subject_id=endpoint.endpoint_id, data=data)], at=at)


def find_endpoint(tx: Transaction, endpoint_id: int) -> Endpoint:
    """One endpoint.

    Raises:
        EndpointNotFound: there is none.
    """
    for endpoint in _queries.select_endpoints(tx, endpoint_id=endpoint_id, limit=1):
        return endpoint
    raise EndpointNotFound(endpoint=to_public("whe", endpoint_id))


def list_endpoints(tx: Transaction) -> list[Endpoint]:
    """Every endpoint, in the order in which they were added."""
    return _queries.select_endpoints(tx, limit=MOST)


def stopped_by_itself(tx: Transaction) -> list[Endpoint]:
    """Endpoints that were disabled because they failed for days or said that they are gone: the owner should know."""
    return _queries.select_stopped(tx, limit=MOST)


def require_enabled(tx: Transaction, endpoint_id: int) -> Endpoint:
    """One endpoint that facts are sent to.

    Raises:
        EndpointNotFound: there is none.
        EndpointDisabled: nothing is sent to it.
    """
    endpoint = find_endpoint(tx, endpoint_id)
    if endpoint.disabled_at is not None:
        raise EndpointDisabled(endpoint=to_public("whe", endpoint_id))
    return endpoint


def amend_endpoint(tx: Transaction, endpoint_id: int, wish: Wish, *, by: str, reach: Reach, at: datetime) -> Endpoint:
    """Change an endpoint. What waits goes to the new URL; other names hold for facts that are still to be sent out.

    Raises:
        EndpointNotFound: there is none.
        BadEndpoint: the URL, a name or the description cannot be used.
    """
    before, checked = find_endpoint(tx, endpoint_id), _checked(wish, reach)
    names = list(checked.names)
    _queries.update_endpoint(tx, endpoint_id=endpoint_id, url=checked.url, names=names, description=checked.description)
    after = find_endpoint(tx, endpoint_id)
    changed = [field for field in ("url", "names", "description") if getattr(before, field) != getattr(after, field)]
    if changed:
        _tell(tx, "amended", after, at, by=by, fields=changed)
    return after


def disable_endpoint(tx: Transaction, endpoint_id: int, *, by: str, at: datetime) -> Endpoint:
    """Send nothing to an endpoint until it is enabled; what waits stays, facts from now on are not for it.

    Raises:
        EndpointNotFound: there is none.
    """
    return stop_endpoint(tx, endpoint_id, by=by, because="asked", at=at)


def stop_endpoint(tx: Transaction, endpoint_id: int, *, by: str, because: Because, at: datetime) -> Endpoint:
    """As `disable_endpoint`, for a reason of its own.

    Raises:
        EndpointNotFound: there is none.
    """
    before = find_endpoint(tx, endpoint_id)
    if _queries.disable_endpoint(tx, endpoint_id=endpoint_id, by=by, because=because, at=at):
        since = before.failing_since
        about = {"failing_since": since.isoformat()} if because != "asked" and since else {}
        _tell(tx, "disabled", before, at, by=by, because=because, **about)
    return find_endpoint(tx, endpoint_id)


def enable_endpoint(tx: Transaction, endpoint_id: int, *, by: str, at: datetime) -> Endpoint:
    """Send to an endpoint again: what waited, and facts from now on. Those in between are for a replay.

    Raises:
        EndpointNotFound: there is none.
    """
    before = find_endpoint(tx, endpoint_id)
    if _queries.enable_endpoint(tx, endpoint_id=endpoint_id, by=by, at=at):
        _tell(tx, "enabled", before, at, by=by)
    return find_endpoint(tx, endpoint_id)


def rotate_secret(
    tx: Transaction,
    endpoint_id: int,
    *,
    overlap: timedelta = timedelta(hours=24),
    by: str,
    vault: Vault,
    at: datetime,
) -> AddedEndpoint:
    """Give an endpoint a new secret; the one before signs beside it for `overlap`.

    Raises:
        EndpointNotFound: there is none.
        BadEndpoint: the overlap is negative or longer than a week.
        SecretKeyMissing: the new secret cannot be encrypted.
    """
    endpoint = find_endpoint(tx, endpoint_id)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise BadEndpoint(field="overlap", value=str(overlap), remedy="give up to seven days")
    _queries.expire_secrets(tx, endpoint_id=endpoint_id, at=at + overlap)
    secret = _new_secret(tx, endpoint_id, vault, at)
    _tell(tx, "rotated", endpoint, at, by=by, both_until=(at + overlap).isoformat())
    return AddedEndpoint(endpoint, secret)


def rekey(tx: Transaction, *, vault: Vault) -> int:
    """Encrypt every secret with the vault's first key, those that nobody had encrypted too; how many.

    Raises:
        SecretKeyMissing: there is no key.
        SecretKeyLost: one was encrypted with a key that the vault does not have; then none has changed.
    """
    kept = _queries.lock_secrets(tx)
    sealed = [vault.seal(vault.unseal(secret)) for _, secret in kept]
    return _queries.update_secrets(tx, secret_ids=[number for number, _ in kept], secrets=sealed)


def remove_endpoint(tx: Transaction, endpoint_id: int, *, by: str, at: datetime) -> None:
    """Take an endpoint away; what waited for it is not sent, and its history is cleared.

    Raises:
        EndpointNotFound: there is none.
    """
    endpoint = find_endpoint(tx, endpoint_id)
    if _queries.remove_endpoint(tx, endpoint_id=endpoint_id, at=at):
        _tell(tx, "removed", endpoint, at, by=by)
