"""How a shop's export is to be read: which column is which, and what its conventions mean."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

import msgspec

from regulars.errors import Invalid

FIELDS: Mapping[str, tuple[str, ...]] = {
    "order": (
        "order",
        "orderid",
        "ordernumber",
        "orderno",
        "invoice",
        "invoiceno",
        "invoiceid",
        "name",
        "订单号",
        "订单编号",
    ),
    "date": (
        "date",
        "orderdate",
        "createdat",
        "invoicedate",
        "datetime",
        "timestamp",
        "time",
        "placedat",
        "paidat",
        "下单时间",
        "日期",
        "付款时间",
    ),
    "customer": (
        "customer",
        "customerid",
        "customerno",
        "memberid",
        "userid",
        "buyerid",
        "buyer",
        "client",
        "clientid",
        "客户",
        "会员号",
        "买家",
    ),
    "sku": (
        "sku",
        "stockcode",
        "productid",
        "itemid",
        "lineitemsku",
        "variantsku",
        "item",
        "productcode",
        "商品编码",
        "货号",
    ),
    "product": ("product", "description", "productname", "itemname", "lineitemname", "title", "商品名称", "商品"),
    "quantity": ("quantity", "qty", "lineitemquantity", "units", "count", "数量"),
    "price": ("price", "unitprice", "lineitemprice", "itemprice", "单价", "价格"),
    "amount": ("amount", "total", "linetotal", "ordertotal", "revenue", "sales", "金额", "实付金额"),
    "country": ("country", "shippingcountry", "billingcountry", "国家"),
    "category": (
        "category",
        "productcategory",
        "categoryname",
        "producttype",
        "lineitemcategory",
        "department",
        "类目",
        "商品分类",
        "分类",
    ),
    "tags": ("tags", "producttags", "lineitemtags", "labels", "商品标签", "标签"),
    "line": ("line", "lineno", "linenumber", "行号"),
    "email": ("email", "customeremail", "emailaddress", "邮箱"),
    "phone": ("phone", "customerphone", "mobile", "手机", "电话"),
    "member_name": ("customername", "membername", "billingname", "shippingname", "buyername", "姓名"),
}
"""What a column can mean, and the headers it is usually found under, compared by letters and digits only."""

REQUIRED = ("order", "date")


class BadProfile(Invalid):
    """{field} is {value!r}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One shop's way of exporting orders. Saved under a name, it is used again by `--profile NAME`."""

    columns: Mapping[str, str]
    """Field → header, for instance `{"customer": "CustomerID"}`."""

    date_format: str | None = None
    """How dates are written, in strptime's terms; None: ISO 8601, or what all rows agree on."""

    decimal: Literal[".", ","] = "."
    """The decimal separator of prices in text files."""

    return_prefix: str | None = None
    """Documents whose number begins so are returns. None: rows with a negative quantity are, of the order they name."""

    ignored_prefixes: Sequence[str] = ()
    """Documents whose number begins so are no sales: bookkeeping entries."""

    drop_duplicates: bool = False
    """Drop rows equal to an earlier one in every mapped column: for exports without line numbers that repeat rows."""

    drop_zero_prices: bool = False
    """Drop rows without a price: for exports that book stock corrections as sales."""

    kinds: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """Kind (shipping, gift_card, adjustment) → stock codes, with `*` at the end for a beginning. All else is goods."""

    def as_document(self) -> dict[str, object]:
        """The profile as it is saved."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: object) -> "Profile":
        """Read a saved profile.

        Raises:
            BadProfile: it is not one.
        """
        try:
            return msgspec.convert(document, cls)
        except msgspec.ValidationError as error:
            raise BadProfile(field="profile", value=document, remedy=str(error)) from error


def guess_columns(headers: Sequence[str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Which header means what: those given, and the usual names for the rest.

    Raises:
        BadProfile: a given header is not in the file, or one that is required cannot be guessed.
    """
    columns = dict(given or {})
    for name, header in columns.items():
        if name not in FIELDS:
            raise BadProfile(field="--map", value=name, remedy=f"map one of {', '.join(FIELDS)}")
        if header not in headers:
            raise BadProfile(field=f"--map {name}", value=header, remedy=f"the file has {', '.join(headers)}")
    plain = {re.sub(r"[\W_]", "", header.lower()): header for header in reversed(headers)}
    for name, usual in FIELDS.items():
        free = [plain[word] for word in usual if word in plain and plain[word] not in columns.values()]
        if name not in columns and free:
            columns[name] = free[0]
    if columns.get("price") and columns.get("amount") and not (given or {}).get("amount"):
        del columns["amount"]  # a line's price says more than a total that many exports repeat on every line
    for name in REQUIRED:
        if name not in columns:
            raise BadProfile(
                field=name,
                value="unmapped",
                remedy=f"say which column it is: --map {name}=…; the file has {', '.join(headers)}",
            )
    if "price" not in columns and "amount" not in columns:
        raise BadProfile(
            field="price",
            value="unmapped",
            remedy=f"say --map price=… or --map amount=…; the file has {', '.join(headers)}",
        )
    return columns
