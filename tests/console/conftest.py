"""The console as visitors meet it, joined with the API as it is served."""

from collections.abc import Generator

import pytest
from litestar.testing import TestClient

import make
from console import shops
from console.shops import Visitor
from regulars.app import App
from regulars.asgi import create_asgi
from regulars.storage import Database


@pytest.fixture(scope="session")
def furnished(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[App]:
    """An installation with a year behind it, shared by all tests that only look."""
    with shops.furnished_app(server_url, template, tmp_path_factory.mktemp("export")) as app:
        yield app


@pytest.fixture
def visitor(furnished: App) -> Generator[Visitor]:
    """Somebody who is not signed in, at the furnished shop."""
    with TestClient(create_asgi(furnished)) as client:
        yield Visitor(client, furnished)


@pytest.fixture
def olga(visitor: Visitor) -> Visitor:
    """Olga, signed in at the furnished shop."""
    assert visitor.sign_in().status_code == 303
    return visitor


@pytest.fixture
def bare(database: Database) -> Generator[Visitor]:
    """Somebody at an installation of this test's own: operators, and nothing else yet."""
    with database.transaction() as tx:
        shops.operators(tx)
    app = make.app(database)
    with TestClient(create_asgi(app)) as client:
        yield Visitor(client, app)
