"""docs/reference/measures.md, made from the registry of measures: `just reference` writes it, a test compares."""
# ruff: noqa: RUF001 - Chinese is written with Chinese punctuation

from importlib import resources
from pathlib import Path

from regulars.insight import Measure, measures

FILE = Path(__file__).parents[2] / "docs" / "reference" / "measures.md"

UNITS = {
    "members": ("members", "会员数"),
    "orders": ("orders", "订单数"),
    "money": ("money, in minor units of the currency shown", "金额（所示货币的最小单位）"),
    "number": ("a number", "数值"),
    "share": ("a share, 0 to 1", "比例，0 到 1"),
}

INTRODUCTION = """\
# Measures · 指标

<!-- Written by `just reference` from src/regulars/insight/_measures.py and the SQL beside it. -->

Each measure is defined once, here. The console, the API (`GET /v1/measures`), the command line (`regulars measures`) and
a notebook (`insight.figure`) all compute it from this text, and all of them open a figure to the members it counts.

每个指标只在这里定义一次。控制台、API、命令行和笔记本都按照同一定义计算，并且每个数字都可以展开到它所统计的会员。

What holds for all of them:

- **Days are the shop's.** A purchase belongs to the day it had in its shop's time zone. A period begins with its first day
  and ends before the day after its last.
- **A purchase** is a paid order, not cancelled, with goods in it. What a return gives back counts on the day it came back.
- **Guests**, orders without a member, count in orders and money, and in no figure about members.
- **Nothing is converted.** Money is in one currency, the one most purchases were made in unless another is asked for;
  purchases in others count as purchases and not as money.
- **Before** is the equally long time that ends where the period begins. It is left out, as is a figure that needs it, where
  the record does not reach back that far.
- **The members behind a figure** are those with a part in it that is not zero: of a share, those it counts.
"""

TABLE = """
The SQL of a measure is in DuckDB's dialect and gives parts of members in periods: the figure is Σ `part`, or
Σ `part` / Σ `whole`. It reads these relations, and no others:
"""

RELATIONS = {
    "bought": "period, member_id, orders, days, priced_orders, goods_minor",
    "refunded": "period, member_id, goods_minor",
    "earlier": "period, member_id",
    "begun": "period, member_id",
}

PORTRAITS = """
## Recency, frequency, money · RFM

Every member with a purchase has three scores from 1 to 5: the members are put in order and cut into fifths.

- **R**: the day of the last purchase; 5 is the most recent fifth.
- **F**: the number of purchases; 5 is the most frequent fifth.
- **M**: goods bought less goods money given back, ever, in the currency most purchases were made in; 5 is the highest fifth.

Members who tie are ordered by their id, so the same data always gives the same scores; the fifths differ in size by at most
one member. The grade follows from the scores: **gold** has 4 or 5 in all three, **silver** 9 or more together, **bronze** is
everyone else. (A *tier* is something else: it is what the programme promises.) Scores are computed over all shops, after
every import and every minute something has changed.

每位有购买记录的会员都有三个 1 到 5 分的评分：R 为最近一次购买的日期，F 为购买次数，M 为购买商品金额减去退款；
会员按数值排序后分为五等份，相同者按会员编号排序。三项都不低于 4 分为金级，合计不低于 9 分为银级，其余为铜级。

## Cohorts · 同期群

A cohort is the members whose first purchase on record was in one month; its row shows, for that month and each one since, how
many of them purchased, as a number and as a share of the cohort, and for how much. The first month of a record that
begins in the middle of a shop's life also holds those who were customers before.

同期群是首次购买落在同一个月的会员；每一行显示该月及其后每个月有多少会员购买、占该群的比例以及金额。
"""


def section(measure: Measure) -> str:
    english, chinese = UNITS[measure.unit]
    return f"""
## {measure.title.en} · {measure.title.zh}

{measure.sentence.en}

{measure.sentence.zh}

`{measure.name}`, {english} · {chinese}

```sql
{measure.sql}
```
"""


def page() -> str:
    folder = resources.files("regulars.insight") / "relations"
    described = [
        f"\n`{name}` ({columns}): {(folder / f'{name}.sql').read_text('utf-8').splitlines()[0].removeprefix('-- ')}\n"
        for name, columns in RELATIONS.items()
    ]
    return (
        INTRODUCTION
        + "".join(map(section, measures()))
        + PORTRAITS
        + "\n## The relations\n"
        + TABLE
        + "".join(described)
    )


if __name__ == "__main__":
    FILE.write_text(page(), "utf-8")
