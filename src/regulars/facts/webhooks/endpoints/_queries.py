"""The SQL of endpoints."""

from datetime import datetime

from regulars.facts.webhooks._records import Endpoint
from regulars.storage import Transaction


def insert_endpoint(tx: Transaction, *, new: Endpoint) -> None:
    """Add an endpoint; facts from now on are for it."""
    tx.run(
        """
        insert into facts_webhook_endpoints
            (endpoint_id, url, names, description, created_at, created_by, enabled_at, enabled_by)
        values (%(endpoint_id)s, %(url)s, %(names)s::text[], %(description)s, %(at)s, %(by)s, %(at)s, %(by)s)
        """,
        endpoint_id=new.endpoint_id, url=new.url, names=new.names, description=new.description, at=new.created_at,
        by=new.created_by,
    )  # fmt: skip


def insert_lanes(tx: Transaction, *, endpoint_id: int, lanes: int, at: datetime) -> None:
    """Give an endpoint its lanes, free."""
    tx.run(
        """
        insert into facts_webhook_lanes (endpoint_id, lane, leased_until)
        select %(endpoint_id)s, lane, %(at)s from generate_series(0, %(lanes)s - 1) lane
        """,
        endpoint_id=endpoint_id, lanes=lanes, at=at,
    )  # fmt: skip


def count_endpoints(tx: Transaction) -> int:
    """How many endpoints there are; two that are added at once count one after the other."""
    tx.run("lock table facts_webhook_endpoints in share row exclusive mode")
    return tx.value("select count(*) from facts_webhook_endpoints where removed_at is null")


def select_endpoints(tx: Transaction, *, endpoint_id: int | None = None, limit: int) -> list[Endpoint]:
    """Endpoints, in the order in which they were added."""
    return tx.all(
        """
        select endpoint_id, url, names, description, created_at, created_by, enabled_at, enabled_by, disabled_at,
               disabled_by, disabled_because, failures, failing_since, resting_until, delivered_at
        from facts_webhook_endpoints
        where removed_at is null and (%(endpoint_id)s::bigint is null or endpoint_id = %(endpoint_id)s)
        order by created_at, endpoint_id limit %(limit)s
        """,
        Endpoint, endpoint_id=endpoint_id, limit=limit,
    )  # fmt: skip


def update_endpoint(tx: Transaction, *, endpoint_id: int, url: str, names: list[str], description: str) -> None:
    """Change where an endpoint is, what it asks for, and what it is for."""
    tx.run(
        """
        update facts_webhook_endpoints set url = %(url)s, names = %(names)s::text[], description = %(description)s
        where endpoint_id = %(endpoint_id)s
        """,
        endpoint_id=endpoint_id, url=url, names=names, description=description,
    )  # fmt: skip


def disable_endpoint(tx: Transaction, *, endpoint_id: int, by: str, because: str, at: datetime) -> bool:
    """Send nothing to an endpoint any more; False when that is so already."""
    return bool(
        tx.run(
            """
            update facts_webhook_endpoints
            set disabled_at = %(at)s, disabled_by = %(by)s, disabled_because = %(because)s
            where endpoint_id = %(endpoint_id)s and disabled_at is null and removed_at is null
            """,
            endpoint_id=endpoint_id, by=by, because=because, at=at,
        )
    )  # fmt: skip


def enable_endpoint(tx: Transaction, *, endpoint_id: int, by: str, at: datetime) -> bool:
    """Send to an endpoint again, facts from now on and what waited; False when it is enabled already."""
    return bool(
        tx.run(
            """
            update facts_webhook_endpoints
            set enabled_at = %(at)s, enabled_by = %(by)s, disabled_at = null, disabled_by = null,
                disabled_because = null, failures = 0, failing_since = null, resting_until = null, since = facts_horizon()
            where endpoint_id = %(endpoint_id)s and disabled_at is not null and removed_at is null
            """,
            endpoint_id=endpoint_id, by=by, at=at,
        )
    )  # fmt: skip


def remove_endpoint(tx: Transaction, *, endpoint_id: int, at: datetime) -> bool:
    """Take an endpoint away; False when it is away already."""
    return bool(
        tx.run(
            """
            update facts_webhook_endpoints set removed_at = %(at)s
            where endpoint_id = %(endpoint_id)s and removed_at is null
            """,
            endpoint_id=endpoint_id, at=at,
        )
    )  # fmt: skip


def insert_secret(tx: Transaction, *, endpoint_id: int, secret: bytes, at: datetime) -> None:
    """Add a secret, which signs until it is replaced."""
    tx.run(
        """
        insert into facts_webhook_secrets (endpoint_id, secret, created_at)
        values (%(endpoint_id)s, %(secret)s, %(at)s)
        """,
        endpoint_id=endpoint_id, secret=secret, at=at,
    )  # fmt: skip


def lock_secrets(tx: Transaction) -> list[tuple[int, bytes]]:
    """Every secret that there is; there are few."""
    return tx.rows("select secret_id, secret from facts_webhook_secrets order by secret_id limit 10000 for update")


def update_secrets(tx: Transaction, *, secret_ids: list[int], secrets: list[bytes]) -> int:
    """Keep secrets otherwise."""
    return tx.run(
        """
        update facts_webhook_secrets s set secret = v.secret
        from unnest(%(secret_ids)s::bigint[], %(secrets)s::bytea[]) v(secret_id, secret) where s.secret_id = v.secret_id
        """,
        secret_ids=secret_ids, secrets=secrets,
    )  # fmt: skip


def expire_secrets(tx: Transaction, *, endpoint_id: int, at: datetime) -> int:
    """Let the secrets of an endpoint end at `at`, if they do not end before."""
    return tx.run(
        """
        update facts_webhook_secrets set expires_at = %(at)s
        where endpoint_id = %(endpoint_id)s and (expires_at is null or expires_at > %(at)s)
        """,
        endpoint_id=endpoint_id, at=at,
    )  # fmt: skip


def select_stopped(tx: Transaction, *, limit: int) -> list[Endpoint]:
    """Endpoints that were disabled without anybody's doing, the latest first."""
    return tx.all(
        """
        select endpoint_id, url, names, description, created_at, created_by, enabled_at, enabled_by, disabled_at,
               disabled_by, disabled_because, failures, failing_since, resting_until, delivered_at
        from facts_webhook_endpoints
        where removed_at is null and disabled_because in ('gone', 'failing')
        order by disabled_at desc limit %(limit)s
        """,
        Endpoint, limit=limit,
    )  # fmt: skip
