"""`regulars operators add|list|password|role|remove`."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from regulars import access
from regulars.access import Operator, Role
from regulars.cli._app import AsJson, open_app, show, show_one
from regulars.errors import NotFound
from regulars.storage import Transaction
from regulars.types import to_public

app = typer.Typer(help="The people who work with the console.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The e-mail address they sign in with.", show_default=False)]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


class NobodyThere(NotFound):
    """There is no operator {email}: `regulars operators list` shows them."""


@app.command("add")
def add(
    email: Email,
    name: Annotated[str, typer.Option(help="What the console calls them.", show_default=False)],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.AGENT,
    password_stdin: FromStdin = False,
    as_json: AsJson = False,
) -> None:
    """Let somebody work with the console."""
    password = _password(password_stdin)
    with open_app() as opened, opened.database.transaction() as tx:
        added = access.add_operator(tx, email=email, name=name, role=role, password=password, at=opened.clock())
    show_one(_row(added), f"{added.name} may now sign in as {added.email} ({added.role.value}).", as_json=as_json)


@app.command("list")
def show_all(as_json: AsJson = False) -> None:
    """List the operators."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        rows = [_row(operator) for operator in access.operators(tx)]
    show(rows, as_json=as_json, nothing="Nobody yet: regulars operators add you@shop.example --name You --role owner")


@app.command("password")
def change_password(email: Email, password_stdin: FromStdin = False, as_json: AsJson = False) -> None:
    """Set an operator's password, and sign them out everywhere."""
    password = _password(password_stdin)
    with open_app() as opened, opened.database.transaction() as tx:
        operator = _find(tx, email)
        access.change_password(tx, operator.operator_id, password, at=opened.clock())
    show_one(_row(operator), f"{operator.email} has a new password.", as_json=as_json)


@app.command("role")
def change_role(
    email: Email, role: Annotated[Role, typer.Argument(show_default=False)], as_json: AsJson = False
) -> None:
    """Give an operator another role."""
    with open_app() as opened, opened.database.transaction() as tx:
        operator = _find(tx, email)
        access.change_role(tx, operator.operator_id, role, at=opened.clock())
        changed = access.find_operator(tx, operator.operator_id)
    show_one(_row(changed), f"{changed.email} is now {changed.role.value}.", as_json=as_json)


@app.command("remove")
def remove(email: Email, as_json: AsJson = False) -> None:
    """Take the access of somebody who has left; what they did stays on record."""
    with open_app() as opened, opened.database.transaction() as tx:
        operator = _find(tx, email)
        access.remove_operator(tx, operator.operator_id, at=opened.clock())
    show_one(_row(operator), f"{operator.email} can no longer sign in.", as_json=as_json)


def _password(from_stdin: bool) -> str:
    """The password, never on the command line, where `ps` and the shell's history would show it."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return typer.prompt("Password", hide_input=True, confirmation_prompt=True)


def _find(tx: Transaction, email: str) -> Operator:
    wanted = email.strip().lower()
    for operator in access.operators(tx):
        if operator.email == wanted:
            return operator
    raise NobodyThere(email=wanted)


def _row(operator: Operator) -> dict[str, object]:
    own: dict[str, object] = {"operator_id": to_public("opr", operator.operator_id), "role": Role(operator.role).value}
    return asdict(operator) | own
