"""What the commands print, refuse and exit with."""

import psycopg
import pytest

import make
from cast import ADA
from conftest import NOON
from regulars import access, cli, errors, jobs

PASSWORD = "three quiet herons"


def test_without_a_command_it_shows_what_there_is(regulars) -> None:
    ran = regulars()
    assert all(name in ran.out for name in ("serve", "demo", "import", "operators", "keys", "db"))


def test_it_knows_its_version(regulars) -> None:
    assert regulars("--version").out.startswith("regulars 0.")


def test_every_kind_of_error_has_an_exit_code() -> None:
    kinds = {kind.kind for kind in (errors.RegularsError, *errors.RegularsError.__subclasses__())}
    assert kinds == set(cli.EXIT_CODES)
    assert len(set(cli.EXIT_CODES.values())) == len(kinds)


def test_an_operator_is_added_listed_and_can_sign_in(regulars, database) -> None:
    added = regulars(
        "operators",
        "add",
        "Ada@Shop.example",
        "--name",
        "Ada",
        "--role",
        "owner",
        "--password-stdin",
        "--json",
        stdin=f"{PASSWORD}\n",
    )
    assert added.code == 0
    assert added.json["email"] == "ada@shop.example"
    assert added.json["operator_id"].startswith("opr_")
    assert PASSWORD not in added.out + added.err
    assert regulars("operators", "list", "--json").json == [added.json]
    with database.transaction() as tx:
        assert [operator.role for operator in access.operators(tx)] == [access.Role.OWNER]


def test_an_operator_is_promoted_gets_a_password_and_leaves(regulars) -> None:
    for name, role in (("ada", "owner"), ("ben", "viewer")):
        regulars(
            "operators",
            "add",
            f"{name}@shop.example",
            "--name",
            name,
            "--role",
            role,
            "--password-stdin",
            stdin=PASSWORD,
        )
    assert regulars("operators", "role", "ben@shop.example", "manager", "--json").json["role"] == "manager"
    assert regulars("operators", "password", "ben@shop.example", "--password-stdin", stdin="four loud herons").code == 0
    assert regulars("operators", "remove", "ben@shop.example").code == 0
    assert [row["email"] for row in regulars("operators", "list", "--json").json] == ["ada@shop.example"]


def test_a_refusal_is_one_line_on_standard_error_and_changes_nothing(regulars) -> None:
    regulars(
        "operators", "add", "ada@shop.example", "--name", "Ada", "--role", "owner", "--password-stdin", stdin=PASSWORD
    )
    before = regulars("operators", "list", "--json").out
    refused = {
        "conflict": regulars("operators", "remove", "ada@shop.example"),
        "invalid": regulars("operators", "add", "ben@shop.example", "--name", "Ben", "--password-stdin", stdin="short"),
        "not_found": regulars("operators", "remove", "nobody@shop.example"),
    }
    for kind, ran in refused.items():
        assert ran.code == cli.EXIT_CODES[kind]
        assert ran.out == ""
        assert ran.err.startswith("regulars: ")
        assert ran.err.count("\n") == 1
    assert regulars("operators", "list", "--json").out == before


def test_a_key_is_issued_once_listed_without_its_secret_and_revoked(regulars, database) -> None:
    issued = regulars("keys", "issue", "webshop", "--role", "agent", "--json").json
    listed = regulars("keys", "list", "--json")
    assert issued["token"] not in listed.out
    assert [(row["key_id"], row["name"], row["revoked_at"]) for row in listed.json] == [
        (issued["key_id"], "webshop", None)
    ]
    with database.transaction() as tx:
        assert access.find_key(tx, issued["token"]).name == "webshop"
    assert regulars("keys", "revoke", issued["key_id"]).code == 0
    with database.transaction() as tx:
        assert access.find_key(tx, issued["token"]) is None
    assert regulars("keys", "revoke", issued["key_id"]).code == cli.EXIT_CODES["not_found"]
    assert regulars("keys", "revoke", "nonsense").code == cli.EXIT_CODES["invalid"]


def test_status_shows_every_migration_with_its_time(regulars) -> None:
    rows = regulars("db", "status", "--json").json
    numbers = [row["migration"][:4] for row in rows]
    assert numbers == sorted(set(numbers))
    assert all(row["applied_at"] for row in rows)
    assert regulars("db", "migrate", "--json").json == {"applied": []}


def test_another_database_is_migrated_only_when_asked(
    regulars, monkeypatch: pytest.MonkeyPatch, empty_url: str
) -> None:
    monkeypatch.setenv("REGULARS_DATABASE_URL", empty_url)
    refused = regulars("operators", "list")
    assert refused.code == cli.EXIT_CODES["conflict"]
    assert "regulars db migrate" in refused.err
    assert regulars("serve", "--port", "0").code == cli.EXIT_CODES["conflict"]
    assert {row["applied_at"] for row in regulars("db", "status", "--json").json} == {None}
    assert len(regulars("db", "migrate", "--json").json["applied"]) > 5
    assert regulars("operators", "list", "--json").json == []


def test_check_finds_nothing_wrong_and_then_a_balance_that_was_tampered_with(regulars, database) -> None:
    assert regulars("db", "check", "--json").json == []
    with psycopg.connect(database.url) as connection:
        connection.execute(
            "insert into ledger_accounts (account_id, bucket, member_id, point_type, available) values (256, 0, 1, 'points', 5)"
        )
    ran = regulars("db", "check", "--json")
    assert ran.code == cli.EXIT_CODES["conflict"]
    assert ran.json


def test_what_did_not_follow_is_named_tried_again_and_closed(regulars, database) -> None:
    with database.transaction() as tx:
        make.record(tx, make.shop(tx), make.order("1", ADA))
        tx.run("update commerce_orders set paid_at = '0001-01-01'")
        jobs.react_within(tx, at=NOON)
    ran = regulars("db", "check", "--json")
    assert ran.code == cli.EXIT_CODES["conflict"]
    assert "regulars jobs retry" in ran.err
    [row] = ran.json
    assert row["where"].endswith(", order.paid")
    again = regulars("jobs", "retry", "--json")
    assert (again.code, again.json[0]["status"]) == (cli.EXIT_CODES["conflict"], "failed")
    with database.transaction() as tx:
        tx.run("update commerce_orders set paid_at = placed_at")
    done = regulars("jobs", "retry", "--json")
    assert (done.code, done.json[0]["status"], done.json[0]["reason"]) == (0, "followed", None)
    assert regulars("db", "check").out == "Everything agrees.\n"
    assert regulars("jobs", "retry").out == "No reaction has failed.\n"


def test_settings_that_cannot_be_used_are_named(regulars, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_PORT", "many")
    ran = regulars("db", "status")
    assert ran.code == cli.EXIT_CODES["invalid"]
    assert "REGULARS_PORT" in ran.err


def test_a_database_that_is_not_there_is_said_in_one_line(regulars, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_DATABASE_URL", "postgresql://127.0.0.1:1/x")
    ran = regulars("db", "status")
    assert (ran.code, ran.err.count("\n")) == (cli.EXIT_CODES["conflict"], 1)
    assert "REGULARS_DATABASE_URL" in ran.err


def test_a_database_without_citus_is_not_distributed_and_the_reason_is_said(regulars) -> None:
    refused = regulars("db", "distribute", "--json")
    assert (refused.code, "it has no Citus" in refused.err) == (cli.EXIT_CODES["conflict"], True)
    assert regulars("db", "distribute", "--shards", "0").code == cli.EXIT_CODES["invalid"]
