"""An installation with a shop, `uk`, and a key for every role."""

from collections.abc import Generator

import pytest
from litestar.testing import TestClient

import make
from api.calls import Caller, issue_keys
from conftest import on_database, temporary_database
from regulars.app import App
from regulars.asgi import create_asgi
from regulars.storage import Database


@pytest.fixture
def app(database: Database) -> App:
    with database.transaction() as tx:
        make.shop(tx)
    return make.app(database)


@pytest.fixture
def api(app: App) -> Generator[Caller]:
    with TestClient(create_asgi(app)) as client:
        yield Caller(client, app, issue_keys(app.database))


@pytest.fixture(scope="module")
def unmoved(server_url: str, template: str) -> Generator[Caller]:
    """An installation that a whole module shares, because what is asked of it must change nothing."""
    with temporary_database(server_url, template) as name:
        database = Database(on_database(server_url, name))
        with database.transaction() as tx:
            make.shop(tx)
        app, keys = make.app(database), issue_keys(database)
        with TestClient(create_asgi(app)) as client:
            yield Caller(client, app, keys)
        with database.transaction() as tx:
            assert tx.values("select distinct name from facts") == ["key.issued"]
            assert tx.rows("select count(*) from members union all select count(*) from commerce_orders") == [
                (0,),
                (0,),
            ]
        database.close()
