"""Operators: the people who work with the console."""

from datetime import datetime
from typing import Final

from regulars import facts
from regulars.access import _queries
from regulars.access._queries import Operator
from regulars.access._rules import Role, hash_password
from regulars.errors import Conflict, Invalid, NotFound
from regulars.facts import Fact
from regulars.storage import Transaction
from regulars.types import OperatorId, random_id, to_public

_SHORTEST, _LONGEST = 12, 1024
_CONSOLE: Final = "command line"


class OperatorNotFound(NotFound):
    """There is no operator {operator}."""


class OperatorExists(Conflict):
    """There is an operator {email} already: change the role or the password instead."""


class LastOwner(Conflict):
    """Operator {operator} is the only owner: make somebody else an owner first."""


class MalformedEmail(Invalid):
    """{field} is {value!r}: {remedy}."""


class UnusableName(Invalid):
    """{field} is {value!r}: {remedy}."""


class UnusablePassword(Invalid):
    """{field} has {length} characters: {remedy}."""


def add_operator(
    tx: Transaction, *, email: str, name: str, role: Role, password: str, at: datetime, by: str = _CONSOLE
) -> Operator:
    """Let somebody work with the console. `by` says for the audit who did it: `opr_…`, or the door used.

    Raises:
        MalformedEmail, UnusableName, UnusablePassword: what is wrong with it, and what would do.
        OperatorExists: the e-mail is taken.
    """
    email, name = normal_email(email), usable_name(name)
    _check_password(password)
    operator = Operator(OperatorId(random_id()), email, name, Role(role), at)
    if not _queries.insert_operator(
        tx,
        operator_id=operator.operator_id,
        email=email,
        name=name,
        role=operator.role.value,
        password_hash=hash_password(password),
        at=at,
    ):
        raise OperatorExists(email=email)
    _record(tx, "operator.added", operator.operator_id, at, email=email, role=operator.role.value, by=by)
    return operator


def operators(tx: Transaction, *, limit: int = 200) -> list[Operator]:
    """Operators, by e-mail."""
    return _queries.select_operators(tx, limit=limit)


def find_operator(tx: Transaction, operator_id: int) -> Operator:
    """One operator.

    Raises:
        OperatorNotFound: there is none.
    """
    found = _queries.select_operator(tx, operator_id=operator_id)
    if found is None:
        raise OperatorNotFound(operator=to_public("opr", operator_id))
    return found


def change_role(tx: Transaction, operator_id: int, role: Role, *, at: datetime, by: str = _CONSOLE) -> None:
    """Give an operator another role; it counts from the operator's next request.

    Raises:
        OperatorNotFound: there is none.
        LastOwner: nobody could administer the installation any more.
    """
    if role is not Role.OWNER:
        _keep_an_owner(tx, operator_id)
    if not _queries.update_role(tx, operator_id=operator_id, role=role.value):
        raise OperatorNotFound(operator=to_public("opr", operator_id))
    _record(tx, "operator.trusted", operator_id, at, role=role.value, by=by)


def change_password(tx: Transaction, operator_id: int, password: str, *, at: datetime, by: str = _CONSOLE) -> None:
    """Set a password and end every session of the operator.

    Raises:
        OperatorNotFound: there is none.
        UnusablePassword: too short or too long.
    """
    _check_password(password)
    if not _queries.update_password(tx, operator_id=operator_id, password_hash=hash_password(password)):
        raise OperatorNotFound(operator=to_public("opr", operator_id))
    ended = _queries.delete_sessions(tx, operator_id=operator_id)
    _record(tx, "operator.password_changed", operator_id, at, sessions_ended=ended, by=by)


def remove_operator(tx: Transaction, operator_id: int, *, at: datetime, by: str = _CONSOLE) -> None:
    """Take the access of somebody who has left; what they did stays on record.

    Raises:
        OperatorNotFound: there is none.
        LastOwner: nobody could administer the installation any more.
    """
    _keep_an_owner(tx, operator_id)
    if not _queries.delete_operator(tx, operator_id=operator_id):
        raise OperatorNotFound(operator=to_public("opr", operator_id))
    _record(tx, "operator.removed", operator_id, at, by=by)


def normal_email(text: str, *, field: str = "email") -> str:
    """An e-mail address as it is stored and compared: trimmed, in small letters.

    Raises:
        MalformedEmail: it is not one.
    """
    email = text.strip().lower()
    name, _, host = email.rpartition("@")
    if not name or not host or len(email) > 254 or not email.isprintable() or " " in email:
        raise MalformedEmail(field=field, value=text, remedy="give an address like ada@shop.example")
    return email


def usable_name(text: str, *, field: str = "name") -> str:
    """A name as it is stored: trimmed.

    Raises:
        UnusableName: empty, too long, or with characters that cannot be shown.
    """
    name = text.strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise UnusableName(field=field, value=text, remedy="give 1 to 200 printable characters")
    return name


def _check_password(password: str) -> None:
    if not _SHORTEST <= len(password) <= _LONGEST:
        remedy = f"give {_SHORTEST} to {_LONGEST}; several words are easy to remember"
        raise UnusablePassword(field="password", length=len(password), remedy=remedy)


def _keep_an_owner(tx: Transaction, operator_id: int) -> None:
    if _queries.lock_owners(tx) == [operator_id]:
        raise LastOwner(operator=to_public("opr", operator_id))


def _record(tx: Transaction, name: str, operator_id: int, at: datetime, **data: object) -> None:
    facts.record(tx, [Fact(name, occurred_at=at, subject_id=operator_id, data=data)], at=at)
