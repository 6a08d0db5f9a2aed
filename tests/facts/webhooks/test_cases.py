"""The hard cases of the field that sending webhooks answers, by their number in docs/explanation/ledger.md."""

from collections import defaultdict

from conftest import NOON
from facts.webhooks.conftest import Post
from receiver import Got, Receiver, verifies
from regulars import ledger
from regulars.facts import webhooks
from regulars.facts.webhooks import Range
from regulars.types import to_public

MEMBERS = (7, 8, 9)


def move_points(post: Post, hour: int) -> None:
    """What an hour brings each member: points earned, and some of them spent."""
    with post.database.transaction() as tx:
        for member_id in MEMBERS:
            ledger.earn(tx, member_id, 10 + hour, reference=f"e{hour}", at=post.at)
            ledger.spend(tx, member_id, 5, reference=f"s{hour}", at=post.at)


class Books:
    """A consumer that keeps a balance per member: each message once by its id, in the order of its member's sequence."""

    def __init__(self) -> None:
        self.seen: dict[str, Got] = {}
        self.repeated = 0

    def take(self, got: Got) -> None:
        self.repeated += got.id in self.seen
        self.seen.setdefault(got.id, got)

    def balances(self) -> dict[str, int]:
        """From the changes alone, and checked against what each message says the balance is."""
        by_member: defaultdict[str, list[Got]] = defaultdict(list)
        for got in self.seen.values():
            by_member[got.json["member"]].append(got)
        balances: dict[str, int] = {}
        for member, told in by_member.items():
            told.sort(key=lambda one: one.json["sequence"])
            assert [one.json["sequence"] for one in told] == list(range(1, len(told) + 1)), "none is missing"
            balance = 0
            for one in told:
                amount = one.json["data"]["amount"]
                balance += amount if one.type == "points.earned" else -amount
                assert balance == one.json["data"]["balance"]
            balances[member] = balance
        return balances


def test_case_34_a_consumer_that_was_down_for_a_day_ends_with_the_right_books(post: Post, receiver: Receiver):
    added, books, calls = post.add(receiver.url, "points.*"), Books(), 0

    def down(_: Got) -> int:
        return 503

    def shaky(got: Got) -> int:
        """It keeps every message, and of each fourth the answer is lost: that one comes again."""
        nonlocal calls
        calls += 1
        assert verifies(got, added.secret)
        books.take(got)
        return 500 if calls % 4 == 0 else 200

    receiver.answer = down
    for hour in range(24):
        move_points(post, hour)
        post.deliver()
        post.later(hours=1)
    assert books.seen == {}
    assert post.endpoint(added).disabled_at is None
    receiver.answer = shaky
    post.until_done()
    assert post.deliveries(state="dead") == []
    right = {to_public("mem", member_id): sum(10 + hour - 5 for hour in range(24)) for member_id in MEMBERS}
    assert (len(books.seen), books.balances()) == (24 * 2 * len(MEMBERS), right)
    assert books.repeated > 0
    with post.database.transaction() as tx:
        assert {
            to_public("mem", member_id): ledger.balance(tx, member_id, at=post.at).available for member_id in MEMBERS
        } == right


def test_case_34_what_a_consumer_lost_in_that_day_is_sent_again_by_its_range(post: Post, receiver: Receiver):
    added, books = post.add(receiver.url, "points.*"), Books()
    for hour in range(24):
        move_points(post, hour)
        post.deliver()
        post.later(hours=1)
    first = receiver.take()
    with post.database.transaction() as tx:  # it restored a backup of an hour before midnight
        webhooks.replay_facts(
            tx,
            added.endpoint.endpoint_id,
            Range(recorded_from=NOON.replace(hour=23)),
            by="Olga",
            at=post.at,
        )
    post.until_done()
    again = receiver.take()
    lost = [one for one in first if one.json["recorded_at"] >= "2026-03-02T23"]
    assert {one.id for one in again} == {one.id for one in lost}
    assert sorted(one.raw for one in again) == sorted(one.raw for one in lost)  # the same bytes, the same sequence
    for got in (*first, *again):
        books.take(got)
    assert books.repeated == len(again)
    assert set(books.balances().values()) == {sum(10 + hour - 5 for hour in range(24))}
