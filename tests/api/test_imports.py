"""Imports over HTTP."""

from datetime import timedelta

import pytest

from api.calls import VERA, Caller, refusal
from conftest import NOON
from regulars.types import stable_id, to_public


def test_imports_are_listed_latest_first_and_read(api: Caller):
    with api.app.database.transaction() as tx:
        for number in range(3):
            tx.run(
                """
                insert into commerce_imports (import_id, shop_id, file_name, fingerprint, started_at, chunks_done, chunks, report)
                select %(import_id)s, shop_id, %(name)s, %(name)s, %(at)s, 1, 2, '{"rows_read": 5}' from commerce_shops
                """,
                import_id=stable_id("import", number), name=f"orders{number}.csv", at=NOON + timedelta(hours=number),
            )  # fmt: skip
    first = api.get("/v1/imports?limit=2", by=VERA).json()
    rest = api.get(f"/v1/imports?after={first['next']}").json()
    assert [one["file_name"] for one in first["items"] + rest["items"]] == ["orders2.csv", "orders1.csv", "orders0.csv"]
    one = first["items"][0]
    assert api.get(f"/v1/imports/{one['id']}").json() == one
    assert (one["chunks_done"], one["chunks"], one["finished_at"], one["report"]) == (1, 2, None, {"rows_read": 5})


@pytest.mark.parametrize("name", ["x", to_public("imp", 1), to_public("ord", 1), "%00"])
def test_an_import_that_is_not_there_is_not_found(unmoved: Caller, name: str):
    assert refusal(unmoved.get(f"/v1/imports/{name}")) == (404, "ImportNotFound")
