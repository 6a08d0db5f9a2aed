"""One spelling for what may be written in many ways, codes that cannot be mistaken, and what scores mean."""

# ruff: noqa: RUF001 - full-width digits are what is tried

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programme.referrals.making import KEY
from regulars.programme.referrals import ALPHABET, check_character, graph, new_code, normal_form
from regulars.programme.referrals.graph import BadSignal, Circumstances, canonical

names = st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True)
tags = st.from_regex(r"(\+[a-z0-9.]{0,6})?", fullmatch=True)
digits = st.from_regex(r"[1-9][0-9]{6,12}", fullmatch=True)


@settings(max_examples=60, deadline=None)
@given(names, tags, st.sampled_from(["gmail.com", "GoogleMail.com", "example.com", "shop.co.uk"]), st.data())
def test_an_alias_is_the_same_mailbox_and_another_name_is_not(local: str, tag: str, domain: str, data: st.DataObject):
    place = data.draw(st.integers(0, len(local)))
    dotted = f"{local[:place]}.{local[place:]}" if 0 < place < len(local) else local
    plain = canonical("email", f"{local}@{domain}")
    assert canonical("email", plain) == plain
    assert canonical("email", f"  {local.upper()}{tag}@{domain.upper()} ") == plain
    google = domain.lower() in {"gmail.com", "googlemail.com"}
    assert (canonical("email", f"{dotted}@{domain}") == plain) is (google or dotted == local)
    assert canonical("email", f"{local}x@{domain}") != plain


@settings(max_examples=60, deadline=None)
@given(digits, st.lists(st.sampled_from([" ", "-", "(", ")", ".", "/"]), min_size=13, max_size=13))
def test_a_number_is_the_same_however_it_is_grouped(number: str, between: list[str]):
    grouped = "".join(digit + mark for digit, mark in zip(number, between, strict=False))
    plain = canonical("phone", f"+{number}")
    assert plain == f"+{number}"
    assert canonical("phone", plain) == canonical("phone", f"+{grouped}") == canonical("phone", f"00{number}") == plain
    assert canonical("phone", number) == number  # of which country is not known: another one
    assert canonical("phone", number.translate(str.maketrans("0123456789", "０１２３４５６７８９"))) == number


@pytest.mark.parametrize(
    ("kind", "written", "same"),
    [
        ("address", "1, High Street", "１ HIGH  street."),
        ("address", "北京市 朝阳区 1号", "北京市朝阳区1号"),
        ("network", "203.0.113.7", "203.0.113.250"),
        ("network", "2001:db8:1::1", "2001:0db8:0001:ffff::2"),
        ("network", "203.0.113.7", "::ffff:203.0.113.9"),
        ("device", " 3f9a ", "3f9a"),
        ("email", "ada@me.com", "ada@icloud.com"),
    ],
)
def test_two_ways_to_write_one_thing(kind: graph.Kind, written: str, same: str):
    assert graph.keyed(KEY, kind, written) == graph.keyed(KEY, kind, same)
    assert graph.keyed(KEY, kind, written) != graph.keyed(b"another secret key", kind, written)
    assert len(graph.keyed(KEY, kind, written)) == 16


@pytest.mark.parametrize(
    ("kind", "text"),
    [("email", "ada"), ("email", "@x.y"), ("email", "+a@x.y"), ("phone", "12"), ("network", "shop"), ("address", "--"), ("device", " ")],
)  # fmt: skip
def test_what_is_none_of_its_kind_is_refused(kind: graph.Kind, text: str):
    with pytest.raises(BadSignal, match=f"{kind} is "):
        canonical(kind, text)


def test_one_kind_is_never_mistaken_for_another():
    assert len({graph.keyed(KEY, kind, "10000001") for kind in ("phone", "device", "payment", "address")}) == 4


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_one_wrong_letter_of_a_code_and_most_swaps_are_noticed(data: st.DataObject):
    code = new_code()
    assert normal_form(f" {code[:4].lower()} - {code[4:]}") == code
    place = data.draw(st.integers(0, 7))
    wrong = data.draw(st.sampled_from([letter for letter in ALPHABET if letter != code[place]]))
    assert normal_form(code[:place] + wrong + code[place + 1 :]) is None
    assert check_character(code[:-1]) == code[-1]
    assert not set(code) & set("01ILOU")


def test_disposable_mail_is_known_by_its_domain_and_those_above_it():
    assert graph.is_disposable("x@mailinator.com")
    assert graph.is_disposable("x@eu.Mailinator.com")
    assert not graph.is_disposable("x@notmailinator.com")
    assert graph.is_disposable("x@own.example", ("own.example",))
    assert not graph.is_disposable(None)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(graph.WEIGHTS)), st.integers(2, 200)), unique_by=lambda one: one[0]),
    st.integers(1, 20), st.integers(0, 9), st.booleans(), st.integers(0, 9), st.integers(0, 9),
)  # fmt: skip
def test_a_score_is_the_sum_of_its_parts_and_every_part_has_words(
    shared: list[tuple[str, int]],
    a_day: int,
    cluster: int,
    disposable: bool,  # noqa: FBT001
    before: int,
    undone: int,
):
    known = Circumstances(
        shared, a_day, 3 if cluster else None, cluster, cluster, disposable, 1000, 1000, before, undone
    )
    parts = graph.parts_of(known)
    assert graph.total(parts) == min(100, sum(part.weight for part in parts))
    assert all(part.weight > 0 and part.words("en") and part.words("zh-CN") for part in parts)
    assert graph.read(graph.written(parts)) == parts
    rarer = graph.parts_of(Circumstances([(kind, 2) for kind, _ in shared]))
    assert graph.total(rarer) >= graph.total(graph.parts_of(Circumstances(shared)))
