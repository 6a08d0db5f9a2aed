"""Which addresses a webhook may be sent to: public ones, checked at the moment of connecting.

A name is resolved here and the connection made to the very address that was checked, so that a name which answers
differently the second time (DNS rebinding) gains nothing.
"""

import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from regulars.facts.webhooks._rules import BadEndpoint

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
# The registries of special-purpose addresses (IANA, RFC 6890), written out: what `ipaddress` knows of them differs from
# one Python to the next.
_NEVER: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
            "224.0.0.0/4", "240.0.0.0/4",
            "168.63.129.16/32",  # Azure's metadata and DNS service, at an address that looks public
            "192.88.99.0/24",  # relays into 6to4
            "2001::/23",  # protocol assignments, among them Teredo: an IPv4 address inside
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address inside
            "3fff::/20",
        ),
    )
)  # fmt: skip
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\]")
_LONGEST: Final = 2000


class AddressRefused(Exception):
    """The name leads nowhere a webhook may go."""


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system's resolver gives them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class Reach:
    """Where webhooks may go, and how long they may take."""

    networks: tuple[Network, ...] = ()
    """Private networks that may be reached, also over plain http."""
    timeout_seconds: float = 15
    resolve: Resolver = resolve
    trust: ssl.SSLContext | None = None
    """Whose certificates are believed; None: those of the system and of Mozilla."""

    def allows(self, address: str, *, plain: bool) -> bool:
        """Whether a webhook may be sent to an address; `plain`: without TLS."""
        known = embedded(ipaddress.ip_address(address.partition("%")[0]))
        if any(known.version == network.version and known in network for network in self.networks):
            return True
        return is_public(known) and not plain

    def checked(self, host: str, port: int, *, plain: bool) -> list[str]:
        """The addresses of a host that a webhook may be sent to.

        Raises:
            AddressRefused: none of them.
            OSError: the name cannot be resolved.
        """
        found = self.resolve(host, port)
        allowed = [address for address in found if self.allows(address, plain=plain)]
        if not allowed:
            raise AddressRefused(f"{host} is {', '.join(found[:4]) or 'nowhere'}")
        return allowed


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where that is how it is reached; else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet: not this machine, not a private, shared or link-local network.

    Metadata services of clouds live at 169.254.169.254, 100.100.100.200, fd00:ec2::254 and the like: none is public.
    """
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if any(address.version == network.version and address in network for network in _NEVER):
        return False
    return address.is_global


def checked_url(url: str, reach: Reach) -> str:
    """A URL that webhooks can be sent to, as far as can be told without asking for the host's address.

    Raises:
        BadEndpoint: it is none; says what would do.
    """
    parts = _parts(url)
    remedy = _flaw(url, parts, reach)
    if remedy is not None or parts is None:
        raise BadEndpoint(field="url", value=url[:200], remedy=remedy or "give a URL")
    return url


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _flaw(url: str, parts: SplitResult | None, reach: Reach) -> str | None:
    """What is wrong with a URL, as what would do instead."""
    if parts is None or not url.isascii() or not url.isprintable() or " " in url or len(url) > _LONGEST:
        return f"give a URL of at most {_LONGEST} ASCII characters without blanks; other letters in punycode"
    plain = parts.scheme == "http" and bool(reach.networks)
    if parts.scheme != "https" and not plain:
        return "begin with https://; plain http is only for networks named in REGULARS_WEBHOOK_NETWORKS"
    host = parts.netloc.rpartition("@")[2].lower()
    host = host if host.endswith("]") else host.rpartition(":")[0] or host
    if "@" in parts.netloc or parts.fragment or parts.port == 0 or not _HOST.fullmatch(host):
        return "give a host name or address, no user name and no fragment"
    literal = _literal(parts.hostname or "")
    if literal is not None and not reach.allows(literal, plain=plain):
        return "give an address of the open internet, or name its network in REGULARS_WEBHOOK_NETWORKS"
    return None


def _literal(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
