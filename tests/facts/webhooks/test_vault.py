"""Secrets at rest: encrypted, read by the keys there are, encrypted anew with another."""

import stat
from pathlib import Path

import pytest

from conftest import NOON
from facts.webhooks.conftest import Post
from make import SECRET_KEY, VAULT
from receiver import Receiver
from regulars.app import App
from regulars.facts import webhooks
from regulars.facts.webhooks import BadSecretKey, SecretKeyLost, SecretKeyMissing, Vault
from regulars.settings import Settings
from regulars.storage import Database


def kept(database: Database) -> list[bytes]:
    with database.transaction() as tx:
        return [bytes(one) for one in tx.values("select secret from facts_webhook_secrets order by secret_id")]


def test_the_database_has_no_secret_that_it_can_read(post: Post, receiver: Receiver) -> None:
    secret = webhooks.read_secret(post.add(receiver.url).secret)
    [sealed] = kept(post.database)
    assert secret not in sealed
    assert VAULT.unseal(sealed) == secret


def test_another_key_takes_over_and_the_old_one_is_not_needed_any_more(post: Post, receiver: Receiver) -> None:
    secret = webhooks.read_secret(post.add(receiver.url).secret)
    with post.database.transaction() as tx:  # one from before there was a key
        tx.run("insert into facts_webhook_secrets (endpoint_id, secret, created_at) select endpoint_id, %(s)s, %(at)s from facts_webhook_endpoints", s=secret, at=NOON)  # fmt: skip
    new = webhooks.new_key()
    with post.database.transaction() as tx:
        assert webhooks.rekey(tx, vault=Vault([new, SECRET_KEY])) == 2
    assert [Vault([new]).unseal(one) for one in kept(post.database)] == [secret] * 2
    before = kept(post.database)
    with post.database.transaction() as tx, pytest.raises(SecretKeyLost, match="behind a comma"):
        webhooks.rekey(tx, vault=VAULT)
    assert kept(post.database) == before


def test_while_the_key_is_lost_nothing_is_sent_and_with_it_everything_is(post: Post, receiver: Receiver) -> None:
    post.add(receiver.url)
    post.happen(("order.paid", None, 1))
    post.settings["secret_key"] = webhooks.new_key()
    assert post.deliver() == 0
    assert receiver.got == []
    post.settings["secret_key"] = SECRET_KEY
    assert post.later(hours=1).deliver() == 2  # that the endpoint was added, too


def test_without_a_key_nothing_is_kept_and_it_is_said_what_to_do(post: Post) -> None:
    with post.database.transaction() as tx, pytest.raises(SecretKeyMissing, match="new-key"):
        webhooks.add_endpoint(tx, webhooks.Wish("https://crm.example/", ["*"]), by="Olga", reach=post.app.reach, vault=Vault(()), at=NOON)  # fmt: skip
    assert kept(post.database) == []
    with pytest.raises(SecretKeyMissing):
        Vault(()).unseal(VAULT.seal(b"x"))
    with pytest.raises(BadSecretKey, match="new-key"):
        Vault(["secret"])


def test_the_embedded_database_has_a_key_in_a_file_for_its_owner_alone(tmp_path: Path, database: Database) -> None:
    app = App(Settings(data_dir=tmp_path / "data"), database, lambda: NOON)
    sealed = app.vault.seal(b"secret")
    file = tmp_path / "data" / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert app.vault.unseal(sealed) == b"secret"
    assert [one.name for one in file.parent.iterdir()] == ["secret.key"]
    elsewhere = App(Settings(data_dir=tmp_path, database_url="postgresql://db/x"), database, lambda: NOON)
    with pytest.raises(SecretKeyMissing):
        elsewhere.vault.seal(b"secret")
