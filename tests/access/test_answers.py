"""Kept answers: the same request gets the same answer, another one is refused, and two at once take turns."""

from datetime import UTC, datetime

import pytest

from regulars import access
from regulars.access import Answer, AnswerPending, RequestReused
from regulars.storage import Database, Transaction

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
REQUEST = access.fingerprint("POST", "/v1/orders", b'{"a": 1}')


def test_a_new_request_has_no_answer(tx: Transaction):
    assert access.recall(tx, caller_id=1, key="k", request=REQUEST) is None


def test_a_repeated_request_gets_the_first_answer(tx: Transaction):
    answer = Answer(REQUEST, 201, b'{"order": 1}')
    access.recall(tx, caller_id=1, key="k", request=REQUEST)
    access.remember(tx, caller_id=1, key="k", answer=answer, at=NOON)
    assert access.recall(tx, caller_id=1, key="k", request=REQUEST) == answer


def test_callers_do_not_share_keys(tx: Transaction):
    access.remember(tx, caller_id=1, key="k", answer=Answer(REQUEST, 201, b"1"), at=NOON)
    assert access.recall(tx, caller_id=2, key="k", request=REQUEST) is None


def test_another_request_with_the_same_key_is_refused(tx: Transaction):
    access.remember(tx, caller_id=1, key="k", answer=Answer(REQUEST, 201, b"1"), at=NOON)
    with pytest.raises(RequestReused, match="'k' was used for another request"):
        access.recall(tx, caller_id=1, key="k", request=access.fingerprint("POST", "/v1/orders", b'{"a": 2}'))


def test_the_parts_of_a_request_cannot_run_into_each_other():
    assert access.fingerprint("ab", "c") != access.fingerprint("a", "bc")
    assert access.fingerprint("a", b"b") == access.fingerprint("a", "b")


def test_of_two_at_once_the_second_is_told_to_come_back(database: Database):
    with database.transaction() as first, database.transaction() as second:
        assert access.recall(first, caller_id=1, key="k", request=REQUEST) is None
        with pytest.raises(AnswerPending, match="is being answered") as refused, second.savepoint():
            access.recall(second, caller_id=1, key="k", request=REQUEST)
        assert refused.value.retryable
        assert access.recall(second, caller_id=1, key="other", request=REQUEST) is None


def test_what_was_rolled_back_may_be_sent_again(database: Database):
    def answer_and_fail() -> None:
        with database.transaction() as tx:
            access.recall(tx, caller_id=1, key="k", request=REQUEST)
            access.remember(tx, caller_id=1, key="k", answer=Answer(REQUEST, 201, b"1"), at=NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer_and_fail()
    with database.transaction() as tx:
        assert access.recall(tx, caller_id=1, key="k", request=REQUEST) is None
