"""Codes: nothing looks like anything else, and a slip of the finger is found, always."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.programme import coupons
from regulars.programme.coupons import ALPHABET, is_right, normal_form
from regulars.programme.coupons._codes import new_codes, read_codes


def bodies(count: int = 50, characters: int = 12) -> list[str]:
    return new_codes(count, prefix="", characters=characters)["key"].to_pylist()


def test_the_alphabet_is_a_prime_number_of_characters_none_of_which_looks_like_another() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 29
    assert not set(ALPHABET) & set("OILZSBU")
    assert normal_form(ALPHABET) == ALPHABET


def test_codes_made_are_right_different_and_evenly_spread() -> None:
    made = bodies(2000)
    assert len(set(made)) == 2000
    assert all(is_right(one) and len(one) == 12 for one in made)
    seen = {character: sum(one.count(character) for one in made) for character in ALPHABET}
    assert all(500 < count < 1200 for count in seen.values()), seen


@given(st.integers(4, 28), st.data())
@settings(max_examples=30, deadline=None)
def test_one_wrong_character_or_any_two_swapped_are_always_found(characters: int, data: st.DataObject) -> None:
    [code] = bodies(1, characters)
    for place, was in enumerate(code):
        wrong = data.draw(st.sampled_from(ALPHABET.replace(was, "")))
        assert not is_right(code[:place] + wrong + code[place + 1 :])
    for one in range(characters):
        for other in range(one):
            if code[one] != code[other]:
                swapped = list(code)
                swapped[one], swapped[other] = code[other], code[one]
                assert not is_right("".join(swapped))


@pytest.mark.parametrize(
    "typed",
    [
        "summer-0o1l",
        " SUMMER 0O1I ",
        "5UMMER001I",
        "".join(chr(ord(one) + 0xFEE0) for one in "SUMMER0011"),
        "sum_mer.0011",
        "SVMMER—OOIL",
    ],
)
def test_a_code_reads_the_same_however_it_is_typed(typed: str) -> None:
    assert normal_form(typed) == "5VMMER0011"


def test_a_printed_code_is_in_groups_after_its_prefix() -> None:
    made = new_codes(3, prefix="SUMMER", characters=10)
    for code, key in zip(made["code"].to_pylist(), made["key"].to_pylist(), strict=True):
        assert code.startswith("SUMMER-")
        assert [len(part) for part in code.split("-")] == [6, 4, 4, 2]
        assert normal_form(code) == key
        assert is_right(key[6:])


def test_rows_of_a_file_are_codes_or_come_back_with_the_reason() -> None:
    read = read_codes(["code,given\n", "ABC-1,x\n", "\n", ",x\n", "A\n", "€,\n", f"{'9' * 65},\n", "DEF-2\n"])
    assert read.codes.to_pylist() == [
        {"row": 2, "key": "A8C1", "code": "ABC-1"},
        {"row": 8, "key": "DEF2", "code": "DEF-2"},
    ]
    assert [(one.row, one.reason) for one in read.refused] == [
        (4, "there is no code in this row"),
        (5, "give at least 3 letters or digits"),
        (6, "give at least 3 letters or digits"),
        (7, "give at most 64 printable characters"),
    ]


def test_a_file_in_lots_says_the_same_as_the_whole_with_its_header_or_without() -> None:
    for header in (["id,code\n"], []):
        lines = header + [f"{n},AAA{n:04}\n" for n in range(10)]
        whole = read_codes(lines).codes["code"].to_pylist()
        lots = [list(lot) for lot in coupons.in_lots(iter(lines), rows=3)]
        assert len(lots) == 4
        assert [code for lot in lots for code in read_codes(lot).codes["code"].to_pylist()] == whole


def test_entropy_is_that_of_what_is_random() -> None:
    assert coupons.entropy_bits(12) == pytest.approx(53.44, abs=0.01)
