"""Coupons: pools of codes, how many are left, and what became of one."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response, Stream

from regulars import members
from regulars.access import Permission
from regulars.console import _addresses, _downloads, _given, _pages
from regulars.console._given import REFUSALS, Form
from regulars.console._visits import Visit, require
from regulars.errors import RegularsError
from regulars.programme import coupons, guesses
from regulars.programme.coupons import KINDS, NewPool, Terms, uses
from regulars.programme.guesses import CodeUnknown
from regulars.types import to_public

_ROWS: Final = 50
_EXPORTED_AT_ONCE: Final = 5000
_FIELDS: Final = (
    "code", "name_en", "name_zh", "kind", "percent", "amount", "sku", "least", "until", "low_water", "shared", "per_member", "total",
)  # fmt: skip


@get("/coupons", sync_to_thread=True)
def list_pools(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """The pools, how many codes are left in each, and a field to look a code up."""
    return _pools(visit, after=request.query_params.get("after", ""))


def _pools(visit: Visit, refused: RegularsError | None = None, *, after: str = "", typed: str = "") -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        found = coupons.pools(tx, after=after, limit=_ROWS + 1)
        rows = found[:_ROWS]
        levels = coupons.levels(tx, [one.pool_id for one in rows])
    return _pages.page(
        visit,
        "coupons.html",
        status=422 if refused else 200,
        rows=rows,
        levels=levels,
        after=after,
        following=rows[-1].code if len(found) > _ROWS else None,
        typed=typed,
        refusal=_given.told(visit.language, refused) if refused else None,
    )


@post("/coupons/lookup", sync_to_thread=True, status_code=200)
def look_up(visit: NamedDependency[Visit], data: Form) -> Response[Any]:
    """What is known of a code; its address does not say which."""
    by, typed = require(visit, Permission.AUDIT), data.get("typed", "").strip()[:100]
    return _known(visit, by, typed)


def _known(visit: Visit, by: str, typed: str) -> Response[str]:
    try:
        with visit.app.database.transaction() as tx:
            guesses.let_try(tx, f"operator {by}", at=visit.now)
            found = uses.look_up(tx, typed)
            used = uses.uses_of(tx, found)
            member = next(iter(members.find_all(tx, [found.member_id])), None) if found.member_id else None
    except CodeUnknown as error:
        with visit.app.database.transaction() as tx:
            guesses.note(tx, f"operator {by}", at=visit.now)
        return _pools(visit, error, typed=typed)
    except REFUSALS as error:
        return _pools(visit, error, typed=typed)
    return _pages.page(visit, "coupon.html", found=found, uses=used, member=member, refusal=None)


@post("/coupons/revocation", sync_to_thread=True, status_code=200)
def revoke(visit: NamedDependency[Visit], data: Form) -> Response[Any]:
    """Take a code out of use."""
    by, typed = require(visit, Permission.GIVE), data.get("typed", "").strip()[:100]
    try:
        with visit.app.database.transaction() as tx:
            found = uses.look_up(tx, typed)
            reason = data.get("reason", "").strip()
            coupons.revoke(tx, found.code, reason=reason, by=by, at=visit.now)
    except REFUSALS as error:
        return _pools(visit, error, typed=typed)
    return _known(visit, by, typed)


@get("/coupons/new", sync_to_thread=True)
def new_pool(visit: NamedDependency[Visit]) -> Response[str]:
    """The form to open a pool."""
    require(visit, Permission.CONFIGURE)
    return _form(visit, {"kind": "percent", "low_water": "100"})


def _form(visit: Visit, given: Mapping[str, str], refused: RegularsError | None = None) -> Response[str]:
    typed = {name: given.get(name, "") for name in _FIELDS}
    return _pages.page(
        visit,
        "coupon_form.html",
        status=422 if refused else 200,
        given=typed,
        kinds=KINDS,
        currency=_currency(visit),
        wrong=str(refused.details.get("field", "")) if refused else "",
        refusal=_given.told(visit.language, refused) if refused else None,
    )


def _currency(visit: Visit) -> str:
    first = min(visit.shops, key=lambda shop: shop.created_at, default=None)
    return first.currency if first else "GBP"


@post("/coupons/new", sync_to_thread=True, status_code=200)
def open_pool(visit: NamedDependency[Visit], data: Form) -> Response[Any]:
    """Open a pool, or say what is wrong."""
    by = require(visit, Permission.CONFIGURE)
    try:
        new = _wished(visit, data)
        with visit.app.database.transaction() as tx:
            coupons.open_pool(tx, new, at=visit.now, by=by)
    except REFUSALS as error:
        return _form(visit, data, error)
    return Redirect(f"/coupons/{new.code}?done=opened", status_code=303)


def _wished(visit: Visit, data: Mapping[str, str]) -> NewPool:
    given = {name: data.get(name, "").strip() for name in _FIELDS}
    kind: coupons.Kind = _addresses.one_of("kind", given["kind"], KINDS)
    currency = _currency(visit)
    digits, shared = visit.language.digits(currency), given["shared"] == "yes"
    until = _addresses.day("expires_at", given["until"]) if given["until"] else None
    money = kind == "amount" or given["least"]
    terms = Terms(
        kind,
        percent=_given.whole("percent", given["percent"] or "0", most=100) if kind == "percent" else 0,
        amount_minor=_given.minor("amount_minor", given["amount"], digits) if kind == "amount" else 0,
        sku=given["sku"] or None if kind == "gift" else None,
        currency=currency if money else None,
        least_minor=_given.minor("amount_minor", given["least"], digits) if given["least"] else 0,
        valid_until=_addresses.midnight(until, visit.zone, after=1),
        time_zone=str(visit.zone),
        per_code=None if shared else 1,
        per_member=_given.whole("per_member", given["per_member"], least=1) if given["per_member"] else None,
        total=_given.whole("total", given["total"], least=1) if given["total"] else None,
    )
    low = _given.whole("low_water", given["low_water"] or "0", most=10**6)
    return NewPool(given["code"], given["name_en"], given["name_zh"], terms, shared, low)


@get("/coupons/{pool:str}", sync_to_thread=True)
def show_pool(visit: NamedDependency[Visit], pool: FromPath[str], request: Request[Any, Any, Any]) -> Response[str]:
    """One pool: its terms, how many codes are left, and what came in."""
    return _pool(visit, pool, done=request.query_params.get("done"))


def _pool(
    visit: Visit,
    code: str,
    refused: RegularsError | None = None,
    *,
    filled: coupons.Filled | None = None,
    done: str | None = None,
) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        one = coupons.pool(tx, code)
        level = coupons.levels(tx, [one.pool_id])[one.pool_id]
        batches = coupons.batches(tx, one.pool_id, limit=20)
    return _pages.page(
        visit,
        "coupon_pool.html",
        status=422 if refused else 200,
        one=one,
        level=level,
        batches=batches,
        filled=filled,
        done=done,
        refusal=_given.told(visit.language, refused) if refused else None,
    )


@post("/coupons/{pool:str}/codes", sync_to_thread=True, status_code=200)
def fill_pool(visit: NamedDependency[Visit], pool: FromPath[str], data: Form) -> Response[Any]:
    """Make codes, or bring over those that were pasted; what cannot be used comes back with the reason."""
    by = require(visit, Permission.CONFIGURE)
    try:
        with visit.app.database.transaction() as tx:
            if data.get("way") == "import":
                lines = data.get("codes", "").splitlines()
                filled = coupons.import_codes(tx, pool, lines, source="pasted", at=visit.now, by=by)
            else:
                count = _given.whole("count", data.get("count", ""), least=1, most=1_000_000)
                characters = _given.whole("characters", data.get("characters", "12"), least=4, most=28)
                prefix = data.get("prefix", "").strip()
                filled = coupons.generate(tx, pool, count, prefix=prefix, characters=characters, at=visit.now, by=by)
    except REFUSALS as error:
        return _pool(visit, pool, error)
    return _pool(visit, pool, filled=filled)


@post("/coupons/{pool:str}/closure", sync_to_thread=True)
def close_pool(visit: NamedDependency[Visit], pool: FromPath[str]) -> Response[Any]:
    """Close a pool for good."""
    by = require(visit, Permission.CONFIGURE)
    with visit.app.database.transaction() as tx:
        coupons.close_pool(tx, pool, at=visit.now, by=by)
    return Redirect(f"/coupons/{pool}?done=closed", status_code=303)


@get("/coupons/{pool:str}/codes.csv", sync_to_thread=True)
def export_codes(visit: NamedDependency[Visit], pool: FromPath[str]) -> Stream:
    """The codes of a pool as a file for a spreadsheet, and whose they are."""
    require(visit, Permission.AUDIT)
    with visit.app.database.transaction(read_only=True) as tx:
        found = coupons.pool(tx, pool)
    return _downloads.table(f"coupons-{found.code}-{visit.today.isoformat()}.csv", _lines(visit, found.pool_id))


def _lines(visit: Visit, pool_id: int) -> Iterator[str]:
    yield _downloads.rows([("code", "member_id", "claimed_at", "ends_at", "uses", "revoked_at")])
    after = ""
    with visit.app.database.transaction(read_only=True) as tx:
        while some := coupons.codes(tx, pool_id, after=after, limit=_EXPORTED_AT_ONCE):
            yield _downloads.rows([_exported(one) for one in some])
            after = some[-1].key


def _exported(one: coupons.Issued) -> tuple[object, ...]:
    member = None if one.member_id is None else to_public("mem", one.member_id)
    times = (at and at.isoformat() for at in (one.claimed_at, one.ends_at))
    return _downloads.harmless(one.code), member, *times, one.uses, one.revoked_at and one.revoked_at.isoformat()


PAGES: Final = (
    list_pools,
    look_up,
    revoke,
    new_pool,
    open_pool,
    show_pool,
    fill_pool,
    close_pool,
    export_codes,
)
