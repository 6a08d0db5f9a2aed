"""A form as a browser without scripts reads it, and a programme in which everything is said."""

from html.parser import HTMLParser

RICH = """\
# The shop's programme
name: Regulars
currency: GBP
time_zone: Europe/London
earning:
  # What most orders earn
  - code: goods
    name_en: Goods
    name_zh: 商品
    points: line.amount_minor / 10 # a point for 10p
  # Shoes, for gold
  - code: shoes
    name_en: Shoes for gold
    name_zh: 金卡鞋类
    points: "order.goods_minor * 10 / 100"
    per: order
    when: 'lines.exists(l, l.sku in ["SHOE", "BOOT"]) && member.tier == "gold" && order.goods_minor >= 5000 && order.placed.weekday in [6, 7]'
    kind: bonus
    starts_at: 2026-05-01T00:00:00+01:00
    most_per_order: 500
    limits:
      - per: month
        most_points: 500
      - {per: ever, most_times: 3}
    terms:
      expiry: {kind: rolling, lasts: {count: 6, unit: month}}
  - code: may
    name_en: Double in May
    name_zh: 五月双倍
    points: "200"
    kind: multiplier
    when: order.placed.month == 5 || member.segments.size() > 2
    point_type: points
    stack: best
    group: may
    cooldown:
      count: 7
      unit: day
  - code: stars
    name_en: Stars
    name_zh: 星
    points: "25"
    per: order
    point_type: stars
    when: member.orders_before == 0 && order.placed.date >= date("2026-02-01")
expiry: {kind: rolling, lasts: {count: 24, unit: month}, end_of: month}
tier_sets:
  - code: main
    name_en: Tiers
    name_zh: 等级
    tiers:
      - {code: bronze, name_en: Bronze, name_zh: 铜卡, reach: 0}
      # Who comes often
      - code: gold
        name_en: Gold
        name_zh: 金卡
        reach: 500000
        keep: 400000
        benefits:
          - {code: off, kind: discount, name_en: Ten off, name_zh: 九折, value: 10}
        gift: {points: 300}
        membership: {sku: GOLD, lasts: {count: 1, unit: year}}
    window: {kind: calendar, month: 4, day: 6}
    grace: {count: 1, unit: month}
pending: {kind: after, waits: {count: 14, unit: day}}
other_terms:
  stars:
    expiry: {kind: yearly, month: 3, day: 31}
rates:
  - {currency: JPY, to_minor: 50, per_minor: 100}
rewards:
  - code: off5
    name_en: Five off
    name_zh: 减五元
    kind: cash_off
    prices:
      - points: 500
      - {points: 400, tier: gold}
    value_minor: 500
    tiers: [gold]
    valid_from: 2026-01-01T00:00:00+00:00
referral:
  advocate: {points: 500}
  friend: {points: 250}
  milestones:
    - {friends: 5, gives: {points: 1000}}
  self_referral: [email, device]
  disposable_domains: [mail.example]
"""


class _Reader(HTMLParser):
    def __init__(self, mark: str) -> None:
        super().__init__()
        self.mark, self.inside, self.found = mark, False, dict[str, str]()
        self.select: str | None = None
        self.area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = self.mark in given
        name = given.get("name", "")
        if not self.inside:
            return
        if tag == "input" and name and (given.get("type") not in {"checkbox", "radio"} or "checked" in given):
            self.found[name] = given.get("value", "")
        if tag == "select":
            self.select = name
        if tag == "option" and self.select and ("selected" in given or self.select not in self.found):
            self.found[self.select] = given.get("value", "")
        if tag == "textarea" and name:
            self.area, self.found[name] = name, ""

    def handle_data(self, data: str) -> None:
        if self.inside and self.area:
            self.found[self.area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area:
            text = self.found[self.area].removeprefix("\n").replace("\n", "\r\n")
            self.found[self.area], self.area = text, None
        if tag == "select":
            self.select = None
        if tag == "form":
            self.inside = False


def fields(page: str, mark: str = "data-fields") -> dict[str, str]:
    """What a browser would send of the form that bears an attribute, but for the button."""
    reader = _Reader(mark)
    reader.feed(page)
    return reader.found
