"""Members: enrolled once, found by every name they have."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import make
from cast import ADA, BEN
from conftest import NOON
from regulars import facts, members
from regulars.members import NewMember
from regulars.storage import Database, Transaction


def enrol(tx: Transaction, external_id: str, **more: object) -> members.Member:
    [enrolment] = members.enrol(tx, [NewMember(external_id, **more)], at=NOON)  # pyright: ignore[reportArgumentType]
    return members.find(tx, enrolment.member_id)


def test_enrolling_twice_yields_the_same_member_untouched(tx: Transaction) -> None:
    first, again = members.enrol(tx, [NewMember(ADA, name="Ada"), NewMember(ADA, name="Somebody else")], at=NOON)
    later = members.enrol(tx, [NewMember(ADA, name="Third")], at=NOON)[0]
    assert (first.status, later.status) == ("enrolled", "existing")
    assert first.member_id == again.member_id == later.member_id
    assert len(facts.timeline(tx, member_id=first.member_id)) == 1


def test_contact_data_is_written_one_way_and_finds_the_member(tx: Transaction) -> None:
    ada = enrol(tx, ADA, email=" Ada@Shop.Example ", phone="+44 (0)20 7946-0018".replace("(0)", ""))
    assert (ada.email, ada.phone) == ("ada@shop.example", "+442079460018")
    assert members.by_identity(tx, "email", "ada@shop.example") == ada
    assert members.by_identity(tx, "phone", "+442079460018") == ada


def test_an_address_belongs_to_whoever_had_it_first(tx: Transaction) -> None:
    ada, ben = enrol(tx, ADA, email="us@shop.example"), enrol(tx, BEN, email="us@shop.example")
    assert ben.email == "us@shop.example"
    assert members.by_identity(tx, "email", "us@shop.example") == ada


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("email", "nonsense", "give an address like ada@example.com"),
        ("phone", "12", "give 5 to 15 digits, with + and country code if you can"),
        ("name", "a\x00b", "give 1 to 200 printable characters"),
        ("country", "x" * 201, "give 1 to 200 printable characters"),
        ("issuer", "Not A Code", "use a-z, 0-9, - and _, at most 64 characters"),
    ],
)
def test_a_field_that_cannot_be_used_is_named_and_nobody_is_enrolled(
    tx: Transaction, field: str, value: str, remedy: str
) -> None:
    with pytest.raises(members.BadMember) as refused:
        members.enrol(tx, [NewMember(BEN), NewMember(ADA, **{field: value})], at=NOON)  # pyright: ignore[reportArgumentType]
    assert str(refused.value) == f"{field} is {value!r}: {remedy}."
    assert tx.value("select count(*) from members") == 0


def test_amending_changes_what_is_named_and_says_so_once(tx: Transaction) -> None:
    ada = enrol(tx, ADA, name="Ada", attributes={"size": "M", "vip": True})
    changed = members.amend(tx, ada.member_id, {"name": "Ada L", "attributes": {"size": None, "pet": "cat"}}, at=NOON)
    same = members.amend(tx, ada.member_id, {"name": "Ada L"}, at=NOON)
    assert (changed.name, changed.attributes) == ("Ada L", {"vip": True, "pet": "cat"})
    assert same == changed
    assert [fact.data for fact in facts.timeline(tx, member_id=ada.member_id) if fact.name == "member.amended"] == [
        {"fields": ["attributes", "name"]}
    ]


def test_what_cannot_be_amended_is_refused(tx: Transaction) -> None:
    ada = enrol(tx, ADA)
    with pytest.raises(members.BadMember, match="joined_at is 1: it cannot be amended"):
        members.amend(tx, ada.member_id, {"joined_at": 1}, at=NOON)
    with pytest.raises(members.MemberNotFound, match="There is no member mem_0000000000001"):
        members.amend(tx, 1, {"name": "Nobody"}, at=NOON)


def test_many_enrolling_the_same_people_at_once_make_each_one_member(database: Database) -> None:
    people = [NewMember(str(n), email=f"{n}@shop.example") for n in range(30)]

    def send(_: int) -> list[str]:
        with database.transaction() as tx:
            return [one.status for one in members.enrol(tx, people, at=NOON)]

    with ThreadPoolExecutor(6) as pool:
        results = [status for batch in pool.map(send, range(6)) for status in batch]
    with database.transaction() as tx:
        assert tx.value("select count(*) from members") == 30
        assert tx.value("select count(*) from facts where name = 'member.joined'") == 30
    assert results.count("enrolled") == 30


def test_two_changes_at_once_both_hold(database: Database) -> None:
    with database.transaction() as tx:
        ada = enrol(tx, ADA, name="Ada", attributes={"size": "M"})

    def second() -> members.Member:
        with database.transaction() as tx:
            return members.amend(tx, ada.member_id, {"attributes": {"pet": "cat"}}, at=NOON)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as tx:
            members.amend(tx, ada.member_id, {"name": "Ada L", "attributes": {"size": None, "vip": True}}, at=NOON)
            waiting = pool.submit(second)
            while not waiting.done() and not is_anybody_waiting(database):
                pass
        changed = waiting.result()
    assert (changed.name, changed.attributes) == ("Ada L", {"vip": True, "pet": "cat"})
    with database.transaction() as tx:
        assert members.find(tx, ada.member_id) == changed


def is_anybody_waiting(database: Database) -> bool:
    """Whether another connection of this database waits for a lock."""
    with database.transaction() as tx:
        return tx.value(
            "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
        )


def test_an_order_of_a_member_does_not_wait_for_a_change_of_the_member(database: Database) -> None:
    with database.transaction() as tx:
        shop = make.shop(tx)
        make.record(tx, shop, make.order("1", ADA))
        ada = members.by_external_id(tx, ADA, issuer="uk")
    with database.transaction() as tx:
        members.amend(tx, ada.member_id, {"name": "Ada"}, at=NOON)
        with database.transaction() as other:
            other.run("set local lock_timeout = '1s'")
            assert make.statuses(make.record(other, shop, make.order("2", ADA))) == ["recorded"]
