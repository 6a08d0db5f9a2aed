"""The console as visitors meet it, joined with the API as it is served."""

from collections.abc import Generator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

import make
from conftest import NOON
from console import shops
from console.shops import Visitor
from make import DAY
from regulars import access, ledger, members
from regulars.access import Role
from regulars.app import App
from regulars.asgi import create_asgi
from regulars.members import NewMember
from regulars.storage import Database


@pytest.fixture(scope="session")
def furnished(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[App]:
    """An installation with a year behind it, shared by all tests that only look."""
    with shops.furnished_app(server_url, template, tmp_path_factory.mktemp("export")) as app:
        yield app


@pytest.fixture(scope="session")
def served(furnished: App) -> Litestar:
    """The furnished installation's application: making one takes a tenth of a second."""
    return create_asgi(furnished)


@pytest.fixture
def visitor(furnished: App, served: Litestar) -> Generator[Visitor]:
    """Somebody who is not signed in, at the furnished shop."""
    with TestClient(served) as client:
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


@pytest.fixture
def shop(database: Database) -> Generator[Visitor]:
    """Olga and Max at a shop of this test's own, where Ada has 1,000 points."""
    with database.transaction() as tx:
        shops.operators(tx)
        for email, role in ((shops.MAX, Role.MANAGER), (shops.AGNES, Role.AGENT)):
            access.add_operator(tx, email=email, name="Max", role=role, password=shops.PASSWORD, at=NOON)
        make.shop(tx)
        members.enrol(tx, [NewMember("ada", issuer="uk", name="Ada Lovelace")], at=NOON)
        ada = members.by_external_id(tx, "ada", issuer="uk").member_id
        ledger.earn(tx, ada, 1000, reference="start", at=NOON - DAY, expires_at=NOON + 60 * DAY)
    app = make.app(database)
    with TestClient(create_asgi(app)) as client:
        visitor = Visitor(client, app)
        shops.be(visitor, shops.EMAIL)
        yield visitor
