"""Following everything that happens."""

import time

import pytest

import make
from api.calls import AGNES, MAX, Caller, flaws, order, refusal
from cast import ADA
from conftest import NOON
from regulars import facts, jobs
from regulars.api._paging import to_cursor
from regulars.types import to_public

PATIENCE_S = 30.0
"""A fact is final when every older transaction of the server has ended; other tests have some."""


def follow(api: Caller, names: str, *, until: str, limit: int = 2) -> list[dict[str, object]]:
    told: list[dict[str, object]] = []
    after, deadline = {}, time.monotonic() + PATIENCE_S
    while not any(one["name"] == until for one in told):
        page = api.get("/v1/facts", by=MAX, params={"names": names, "limit": limit} | after).json()
        told += page["items"]
        after = {"after": page["next"]}
        assert time.monotonic() < deadline, told
        time.sleep(0 if page["items"] else 0.05)
    assert api.get("/v1/facts", by=MAX, params={"names": names} | after).json()["items"] == []
    return told


def test_every_fact_comes_once_in_order_and_new_ones_later(api: Caller):
    api.post("/v1/orders", order("1"))
    first = follow(api, "order.placed,order.paid,points.earned", until="points.earned")
    assert [one["name"] for one in first] == ["order.placed", "order.paid", "points.earned"]
    assert len({one["id"] for one in first}) == 3
    api.post("/v1/orders/uk:1/cancellation", {})
    told = follow(api, "order.cancelled", until="order.cancelled")
    assert [one["data"]["external_id"] for one in told] == ["1"]  # pyright: ignore[reportIndexIssue]


def test_an_empty_page_still_says_where_to_go_on(unmoved: Caller):
    page = unmoved.get("/v1/facts?names=order.paid", by=MAX).json()
    assert page["items"] == []
    again = unmoved.get(f"/v1/facts?names=order.paid&after={page['next']}", by=MAX).json()
    assert again == page


def test_an_agent_does_not_follow_everything(unmoved: Caller):
    assert refusal(unmoved.get("/v1/facts", by=AGNES)) == (403, "NotAllowed")


@pytest.mark.parametrize(
    "after",
    ["x", "W10", "WzEsMl0", "WzEsMSwtMV0", "WzEsMiwzLDRd", "WzEsMWU0MDAsMV0", "a" * 2001, "bm9wZQ", "%00", "é"],
)
def test_a_cursor_that_is_not_ours_is_refused(unmoved: Caller, after: str):
    refused = unmoved.get("/v1/facts", by=MAX, params={"after": after})
    assert refusal(refused) in [(400, "MalformedRequest"), (422, "BadCursor")]
    assert refused.json()["errors"][0]["parameter"] == "after"


def test_a_reaction_that_failed_names_what_it_was_about(api: Caller):
    with api.app.database.transaction() as tx:
        [bought] = make.record(tx, make.shop(tx), make.order("1", ADA))
        tx.run("update commerce_orders set paid_at = '0001-01-01'")
        jobs.react_within(tx, at=NOON)
    [failed] = follow(api, "reaction.failed", until="reaction.failed")
    assert (failed["subject"], failed["data"]["fact"]) == (to_public("ord", bought.document_id), "order.paid")  # pyright: ignore[reportIndexIssue]


def test_a_cursor_from_before_a_restore_is_refused_and_starting_over_works(api: Caller):
    api.post("/v1/orders", order("1"))
    follow(api, "points.earned", until="points.earned")
    kept = api.get("/v1/facts?names=order.paid", by=MAX).json()["next"]
    with api.app.database.transaction() as tx:  # as a dump of a server far ahead of this one would bring them
        tx.run("update facts set xact = (xact::text::bigint + 4000000000)::text::xid8")
    with api.app.database.transaction() as tx:
        assert facts.adopt(tx)
    refused = api.get("/v1/facts", by=MAX, params={"after": kept})
    assert refusal(refused) == (409, "FactsRenumbered")
    assert "leave it out and start over" in refused.json()["detail"]
    told = follow(api, "order.placed,order.paid", until="order.paid")
    assert [one["name"] for one in told] == ["order.placed", "order.paid"]
    assert api.get("/v1/facts", by=MAX, params={"after": kept}).status_code == 409


def test_a_cursor_from_a_future_that_a_restore_took_back_is_refused(api: Caller):
    with api.app.database.transaction() as tx:
        numbering = tx.value("select numbering from facts_numbering")
        here = tx.value("select pg_current_xact_id()::text::bigint")
    kept = to_cursor((numbering, here - 1, 1))
    assert api.get("/v1/facts", by=MAX, params={"after": kept}).status_code == 200
    refused = api.get("/v1/facts", by=MAX, params={"after": to_cursor((numbering, here + 10**9, 1))})
    assert refusal(refused) == (409, "FactsRenumbered")


def test_the_names_are_names(unmoved: Caller):
    assert flaws(unmoved.get("/v1/facts?names=order", by=MAX))[0]["parameter"] == "names"
