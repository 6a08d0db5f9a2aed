"""What a webhook says, when it is tried again, and where it may go."""

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import NOON
from receiver import LOOPBACK
from regulars.facts import webhooks
from regulars.facts.webhooks import ATTEMPTS, BadEndpoint, Message, Reach, _addresses, _rules

SPEC_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SPEC_BODY = b'{"test": 2432232314}'


def test_the_signature_is_that_of_the_specification():
    """The vector that the reference libraries of Standard Webhooks are tested with."""
    at = datetime.fromtimestamp(1614265330, UTC)
    message = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", SPEC_BODY)
    signed = webhooks.signature(webhooks.read_secret(SPEC_SECRET), message, at)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_delivery_is_tried_for_three_days_at_least_and_later_and_later(low: float, high: float):
    assert sum((webhooks.delay_after(n, low) for n in range(1, ATTEMPTS)), timedelta()) >= timedelta(hours=72)
    assert webhooks.delay_after(ATTEMPTS, high) is None
    delays = [webhooks.delay_after(n, 0) for n in range(1, ATTEMPTS)]
    assert delays == sorted(delays)
    assert max(webhooks.delay_after(n, high) for n in range(1, ATTEMPTS)) <= timedelta(hours=7.2)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120),
        ("0", 0),
        ("999999999999", 86400),
        ("Mon, 02 Mar 2026 12:01:00 GMT", 60),
        ("Mon, 02 Mar 2026 11:00:00 GMT", None),
        ("Fri, 02 Mar 2126 11:00:00 GMT", 86400),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("²", None),
    ],
)
def test_retry_after_is_understood_in_both_forms(header: str | None, seconds: int | None):
    wish = _rules.retry_after(header, NOON)
    assert wish == (None if seconds is None else timedelta(seconds=seconds))


def test_a_wish_to_wait_is_granted_and_a_shorter_one_is_not():
    long = _rules.next_try(tries=1, status=503, wish="600", at=NOON, chance=0)
    short = _rules.next_try(tries=4, status=503, wish="1", at=NOON, chance=0)
    assert (long, short) == (NOON + timedelta(seconds=600), NOON + timedelta(seconds=320))
    assert _rules.next_try(tries=1, status=410, wish=None, at=NOON, chance=0) is None


@given(st.lists(st.sampled_from(["*", "points.*", "points.earned", "order.paid", "order.*"]), min_size=1))
def test_names_are_said_once_and_mean_the_same(names: list[str]):
    def means(patterns: list[str], name: str) -> bool:
        return any(one in {"*", name, f"{name.partition('.')[0]}.*"} for one in patterns)

    kept = _rules.wanted_names(names)
    for name in ("points.earned", "points.spent", "order.paid", "tier.reached"):
        assert means(kept, name) == means(names, name)
        assert sum(one in {"*", name, f"{name.partition('.')[0]}.*"} for one in kept) <= 1


@pytest.mark.parametrize("names", [[], ["points"], ["Points.*"], ["points.*.x"], ["*.*"], [""], ["a.b"] * 1 + ["a b"]])
def test_what_is_no_name_is_refused(names: list[str]):
    with pytest.raises(BadEndpoint, match=r"order\.paid"):
        _rules.wanted_names(names)


REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.8.8.8",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "5f00::1",
    "4000::1",
]
ALLOWED = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "172.32.0.1",
    "2606:4700:4700::1111",
    "2a00:1450::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", REFUSED)
def test_no_address_that_is_not_public_is_reached(address: str):
    assert not Reach().allows(address, plain=False)
    assert not Reach().allows(address, plain=True)


@pytest.mark.parametrize("address", ALLOWED)
def test_public_addresses_are_reached_over_tls_only(address: str):
    assert Reach().allows(address, plain=False)
    assert not Reach().allows(address, plain=True)


@given(st.ip_addresses(v=4))
def test_an_address_within_another_is_judged_as_what_it_is(address: ipaddress.IPv4Address):
    alone = Reach().allows(str(address), plain=False)
    assert Reach().allows(f"::ffff:{address}", plain=False) == alone
    assert Reach().allows(str(ipaddress.IPv6Address((0x64FF9B << 96) | int(address))), plain=False) == alone


def test_a_private_network_is_reached_when_it_is_named_and_its_neighbour_is_not():
    reach = Reach((ipaddress.ip_network("10.1.0.0/16"),))
    assert reach.allows("10.1.2.3", plain=True)
    assert reach.allows("::ffff:10.1.2.3", plain=True)
    assert not reach.allows("10.2.0.1", plain=False)
    assert not reach.allows("8.8.8.8", plain=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example/in",
        "https://hooks.example:8443/in?token=a%20b",
        "https://xn--bcher-kva.example/",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]/x",
    ],
)
def test_a_good_url_is_taken_as_it_is(url: str):
    assert _addresses.checked_url(url, Reach()) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "ftp://hooks.example/",
        "https://",
        "https:///x",
        "hooks.example",
        "https://user:word@hooks.example/",
        "https://user@hooks.example/",
        "https://hooks.example/#part",
        "https://hooks.example:0/",
        "https://hooks.example:99999/",
        "https://hooks.example:x/",
        "https://bücher.example/",
        "https://hooks.example/a b",
        "https://hooks.example/\n",
        "https://hooks.example\\@127.0.0.1/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://hooks.example/" + "x" * 2000,
        "https://[::1",
        "//hooks.example/",
        "",
    ],
)
def test_a_bad_url_is_refused_with_a_remedy(url: str):
    with pytest.raises(BadEndpoint) as refused:
        _addresses.checked_url(url, Reach())
    assert refused.value.details["field"] == "url"
    assert str(refused.value.details["remedy"]).startswith(("give", "begin"))


def test_plain_http_needs_a_named_network():
    assert _addresses.checked_url("http://127.0.0.1:9/x", Reach(LOOPBACK)) == "http://127.0.0.1:9/x"
    with pytest.raises(BadEndpoint):
        _addresses.checked_url("http://10.0.0.1/x", Reach(LOOPBACK))
