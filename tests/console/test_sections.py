"""A draft's sections as forms: what is shown and sent back changes nothing, what is written is kept, what is wrong is told."""

from collections.abc import Generator

import pytest
from litestar.testing import TestClient

import make
from conftest import NOON
from console import shops
from console.forming import RICH, fields
from console.shops import EMAIL, MAX, Visitor, links, words
from make import DAY
from regulars import access, jobs, programme
from regulars.access import Role
from regulars.asgi import create_asgi
from regulars.console import forms
from regulars.console.drafts import place_of
from regulars.ledger import desk as points_desk
from regulars.programme import drafts
from regulars.storage import Database


@pytest.fixture
def desk(database: Database) -> Generator[Visitor]:
    """Max, signed in at a shop with stars that have a decimal, and an order of Ada's."""
    with database.transaction() as tx:
        shops.operators(tx)
        access.add_operator(tx, email=MAX, name="Max", role=Role.MANAGER, password=shops.PASSWORD, at=NOON)
        points_desk.define_point_type(tx, "stars", role="qualifying", decimals=1, at=NOON)
        make.record(tx, make.shop(tx), make.order("A-1", "ada", make.line(unit_minor=600), placed_at=NOON - DAY), at=NOON)
        jobs.react_within(tx, at=NOON)
    app = make.app(database, alone=False)
    with TestClient(create_asgi(app)) as client:
        visitor = Visitor(client, app)
        shops.be(visitor, MAX)
        yield visitor


def begun(visitor: Visitor, text: str = RICH) -> str:
    """The page of a new draft that says a text."""
    with visitor.app.database.transaction() as tx:
        return place_of(drafts.begin(tx, text, by=MAX, at=NOON, note="Spring").draft_id)


def text_of(visitor: Visitor, place: str) -> str:
    with visitor.app.database.transaction() as tx:
        return next(one.text for one in drafts.drafts(tx) if place_of(one.draft_id) == place)


FORMS = ["general", "points", "referral", "earning/0", "earning/1", "earning/2", "earning/3", "tier_sets/0", "rewards/0"]


def test_every_form_sent_back_as_it_was_shown_leaves_every_letter(desk: Visitor):
    assert drafts.check(RICH).flaws == ()
    place = begun(desk)
    for form in FORMS:
        at = f"{place}/sections/{form}"
        shown = fields(desk.get(at).text)
        saved = desk.post(at, shown | {"action": "save"})
        assert saved.status_code == 303, (form, words(saved.text)[-600:])
        assert text_of(desk, place) == RICH, form
