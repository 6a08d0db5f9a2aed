"""The SQL of wrong codes."""

from dataclasses import dataclass
from datetime import datetime

from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Guesser:
    """Who has tried wrong codes, how many in a row, and when the last."""

    failures: int
    last_at: datetime


def select_guesser(tx: Transaction, *, guesser: str) -> Guesser | None:
    """What is known of somebody."""
    return tx.first(
        "select failures, last_at from programme_code_guesses where guesser = %(guesser)s", Guesser, guesser=guesser
    )


def lock_guesser(tx: Transaction, *, guesser: str, at: datetime) -> Guesser | None:
    """What is known of somebody, nobody else changing it until the transaction ends."""
    return tx.first(
        """
        insert into programme_code_guesses as g (guesser, failures, last_at) values (%(guesser)s, 0, %(at)s)
        on conflict (guesser) do update set failures = g.failures returning failures, last_at
        """,
        Guesser, guesser=guesser, at=at,
    )  # fmt: skip


def update_guesser(tx: Transaction, *, guesser: str, failures: int, at: datetime) -> int:
    """Keep how many there were."""
    return tx.run(
        "update programme_code_guesses set failures = %(failures)s, last_at = %(at)s where guesser = %(guesser)s",
        guesser=guesser, failures=failures, at=at,
    )  # fmt: skip


def delete_guessers(tx: Transaction, *, at: datetime) -> int:
    """Take away whoever has not guessed for a day."""
    return tx.run("delete from programme_code_guesses where last_at < %(at)s - interval '1 day'", at=at)
