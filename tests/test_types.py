"""Identifiers: derived, written and read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars import types
from regulars.types import MalformedId


@given(st.integers(0, 2**63 - 1))
def test_an_identifier_survives_being_written_and_read(identifier: int) -> None:
    text = types.to_public("mem", identifier)
    assert types.from_public("mem", text) == identifier
    assert types.from_public("mem", text.upper().replace("MEM_", "mem_")) == identifier
    assert len(text) == 17


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_written_identifiers_sort_as_they_count(one: int, other: int) -> None:
    assert (types.to_public("mem", one) < types.to_public("mem", other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    ["", "mem_", "mem_1", "ord_0000000000001", "mem_000000000000u", "mem_zzzzzzzzzzzzz", "mem_00000000000012", "5"],
)
def test_what_is_no_identifier_is_refused_with_the_form_expected(text: str) -> None:
    with pytest.raises(MalformedId, match="expected mem_ and 13 letters or digits"):
        types.from_public("mem", text)


@given(st.text(), st.text())
def test_what_is_derived_depends_on_every_part_of_the_key(one: str, other: str) -> None:
    assert types.stable_id("order", one, other) == types.stable_id("order", one, other)
    assert 0 <= types.stable_id("order", one, other) < 2**63
    assert types.stable_id("order", one, other) != types.stable_id("return", one, other)


def test_identifiers_are_the_same_in_every_version() -> None:
    assert types.to_public("mem", types.stable_id("member", "uk", "17850")) == "mem_5rkfgtz0zkb6f"
