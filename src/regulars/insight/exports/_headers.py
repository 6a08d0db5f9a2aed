"""Which column of an export means what, told from its header."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from regulars.commerce import connectors

MAPPED: Final = ("customer", "date", "amount", "order", "quantity", "price", "discount", "status", "currency")
"""What a column of an export can mean here."""

_USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "customer": (
        *connectors.FIELDS["customer"], "member", "user", "householdid", "household", "shopperid", "accountid", "email", "customeremail",
        "buyeremail", "kundennummer", "kundennr", "kunde", "kundenid", "clienteid", "numeroclient", "idclient", "idcliente", "会员",
        "会员编号", "会员id", "会员卡号", "用户id", "用户", "顾客", "客户编号", "客户id", "买家昵称", "买家会员名", "买家id", "手机号", "phone", "姓名",
    ),
    "date": (
        "orderdate", "purchasedate", "paidat", "placedat", "createdat", "bestelldatum", "auftragsdatum", "rechnungsdatum", "kaufdatum",
        "transactiondate", "transactiontimestamp", *connectors.FIELDS["date"], "datum", "zeit", "fecha", "data", "datecommande",
        "订单时间", "购买时间", "交易时间", "成交时间", "订单创建时间", "订单付款时间", "支付时间", "消费时间", "时间", "订单日期", "购买日期", "消费日期",
    ),
    "order": (
        *(word for word in connectors.FIELDS["order"] if word != "name"), "basketid", "transactionid", "receiptid", "receiptno", "bestellnummer",
        "bestellnr", "auftragsnummer", "rechnungsnummer", "numerocommande", "pedido", "numeropedido", "交易号", "单号", "小票号", "交易编号",
    ),
    "amount": (
        "amount", "netamount", "linetotal", "totalamount", "ordertotal", "total", "revenue", "sales", "salesvalue", "dollarvalue", "value", "spend",
        "umsatz", "betrag", "gesamtbetrag", "summe", "gesamt", "montant", "importe", "importo", "买家实际支付金额", "实付金额", "实际支付金额",
        "支付金额", "实收金额", "订单金额", "消费金额", "交易金额", "成交金额", "金额", "总金额", "总价",
    ),
    "quantity": (*connectors.FIELDS["quantity"], "menge", "anzahl", "stuckzahl", "quantite", "cantidad", "quantita", "购买数量", "件数", "宝贝总数量"),
    "price": (*connectors.FIELDS["price"], "einzelpreis", "stuckpreis", "preis", "prixunitaire", "prix", "precio", "prezzo", "商品单价", "售价"),
    "discount": (
        "discount", "discountamount", "linediscount", "rabatt", "nachlass", "remise", "descuento", "sconto", "优惠金额", "优惠", "折扣金额", "折扣",
    ),
    "status": ("status", "orderstatus", "financialstatus", "paymentstatus", "bestellstatus", "订单状态", "状态", "交易状态"),
    "currency": ("currency", "currencycode", "wahrung", "devise", "moneda", "valuta", "币种", "货币"),
}  # fmt: skip

_LIKE: Final[Mapping[str, tuple[str, str]]] = {
    "customer": (
        r"customer|client|member|buyer|shopper|household|kunde|cliente|acheteur|会员|客户|顾客|买家|用户",
        r"name|city|country|type|group|segment|since|tier|level|note|stadt|land|date|datum|等级|姓名|留言|地址|电话|类型|时间|日期|message",
    ),
    "date": (r"date|datum|timestamp|fecha|日期|时间|at$", r"birth|ship|deliver|updat|cancel|refund|geburt|liefer|发货|生日|更新|退款|收货|format"),
    "order": (
        r"(order|invoice|basket|transaction|receipt|bestell|auftrag|rechnung|commande|facture|pedido|factura|ordine|订单|交易|小票).*(id|no|nr|num|nummer|编号|号|key|code)$",
        r"date|datum|amount|status|customer",
    ),
    "amount": (
        r"amount|total|revenue|sales|umsatz|betrag|summe|montant|importe|金额|实付|实收|货款|value",
        r"disc|ship|tax|refund|freight|quant|count|rabatt|versand|steuer|优惠|运费|邮费|税|退款|积分|date|rate",
    ),
    "quantity": (r"quant|qty|menge|anzahl|cantidad|数量|numberof", r"date|price"),
    "price": (r"price|preis|prix|precio|prezzo|单价", r"total|list|before|原价"),
}  # fmt: skip


def plain(header: str) -> str:
    """A header by its letters and digits only, without accents."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", header.lower()) if not unicodedata.combining(one))
    return re.sub(r"[\W_]", "", bare)


def by_name(headers: Sequence[str], taken: Mapping[str, str]) -> dict[str, str]:
    """Field → header for every header that says what it is; the fields in `taken` are not guessed again.

    A usual name decides before a part of a name does, and within each the order of the lists above.
    """
    found, free = dict(taken), {plain(header): header for header in reversed(headers)}
    for field in MAPPED:
        if field not in found:
            usual = [free[word] for word in _USUAL[field] if word in free and free[word] not in found.values()]
            if usual:
                found[field] = usual[0]
    for field, (like, unlike) in _LIKE.items():
        if field not in found:
            alike = [
                header for header in headers
                if header not in found.values() and re.search(like, plain(header)) and not re.search(unlike, plain(header))
            ]  # fmt: skip
            if alike:
                found[field] = alike[0]
    return {field: header for field, header in found.items() if field not in taken}
