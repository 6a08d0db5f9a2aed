"""What would do instead, in Chinese: the common refusals of a programme's parts. Others stay English, and are marked so."""

# ruff: noqa: RUF001 - a table; Chinese is written with Chinese punctuation

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

_CHINESE: Final[Mapping[str, str]] = {
    r"give it a name": "请填写名称",
    r"give it, the programme needs one": "必填",
    r"give at most 32 of a-z, 0-9 and _, a letter first": "最多 32 个小写字母、数字或下划线，以字母开头",
    r"give a to z first, then at most 31 of a to z, 0 to 9 and _": "最多 32 个小写字母、数字或下划线，以字母开头",
    r"give a to z, 0 to 9 and _, at most 32": "最多 32 个小写字母、数字或下划线",
    r"give (?:every|each) (\w+) a code of its own": "代码不能重复",
    r"give every set a code of its own": "代码不能重复",
    r"give (\S+) to (\S+), or (?:nothing for no limit|leave it out)": "请填 {0} 到 {1}，或留空",
    r"give (\S+) to (\S+), which is a (?:day|month)": "请填 {0} 到 {1}",
    r"give (\S+) to (\S+), what it is reached from": "请填 {0} 到 {1}，不超过升级门槛",
    r"give (\S+) to (\S+), that month has no other": "请填 {0} 到 {1}，该月没有其他日期",
    r"give (\S+) to (\d+)(?: \w+s)?": "请填 {0} 到 {1}",
    r"give 1 or more(?:, or nothing.*)?": "请填 1 或更多",
    r"give at most (\d+)(?: rules)?": "最多 {0} 个",
    r"list at most (\d+)": "最多 {0} 个",
    r"give an ISO 4217 code such as GBP": "请填 ISO 4217 代码，例如 GBP",
    r"give every other currency once, by its ISO 4217 code": "每个其他币种填一次，用 ISO 4217 代码",
    r"give an IANA name such as Europe/London": "请填 IANA 名称，例如 Europe/London",
    r"give the code of a point type|name a point type": "请填积分类型的代码",
    r"give an instant with (?:an|its) offset from UTC": "请填带时区的时刻",
    r"let it end after it starts|give an instant after valid_from": "结束必须晚于开始",
    r"say how many points, or how many times": "请填最多积分或最多次数",
    r"give a span, or leave it out": "请填时长，或留空",
    r"name the group whose best rule counts": "请填组名",
    r"keep base rules in a group of their own": "基础积分规则须单独成组",
    r"give at least one price; 0 points is one": "至少填一个价格；0 积分也可以",
    r"name (?:a tier|tiers) there (?:is|are)": "请选已有的等级",
    r"say how often in that time": "请填该时段内最多几份",
    r"name the pool the coupon is taken from": "请填券池",
    r"name the product that is given": "请填所给商品的货号",
    r"name the product": "请填商品的货号",
    r"let cash off cost points, or it would take off everything": "抵现必须花费积分，否则会抵掉全部",
    r"name a reward(?: of the programme| by its code)?": "请选会员计划中的奖励",
    r"give points, or (?:the code of a reward|name a reward)": "请填积分，或选择奖励",
    r"give something to the advocate, to the friend or at a milestone": "推荐人、好友或里程碑至少要有一项奖励",
    r"list them from few friends to many, each once": "请按好友数从少到多列出，不重复",
    r"give hold_from or more": "不能低于转人工的评分",
    r"give domains such as mail\.example, in lower case": "请填小写域名，例如 mail.example",
    r"give an https:// address with \{code\} in it, of at most (\d+) characters": "请填包含 {{code}} 的 https:// 网址，最多 {0} 字",
    r"give one set at least": "至少要有一个等级体系",
    r"let the first tier begin at 0": "第一个等级须从 0 开始",
    r"list tiers from the lowest to the highest, each from more, at most (\d+)": "请从低到高列出等级，门槛递增，最多 {0}",
    r"let a higher tier not be kept by less": "较高等级的保级门槛不能更低",
    r"name the point type that counts, points say": "请填所统计的积分类型，例如 points",
    r"name the fact that counts, order\.delivered say": "请填所统计的事件，例如 order.delivered",
    r"leave it out: (\w+) needs no name": "此统计方式不需要填写，请留空",
    r"say what it is": "请说明是什么",
    r"only points live by activity": "只有普通积分可以按活跃计算有效期",
    r"there is no such field": "没有这个字段",
    r"give what fits: expected int.*": "请填整数或金额",
    r"give what fits: expected str.*": "请填文字",
    r"give what fits: invalid enum value .*": "请从列表中选择",
    r"give what fits: .*": "请填合适的值",
    r"give one of (.+)": "请选择：{0}",
    r"at character (\d+), there is no (.+)": "第 {0} 个字符处：没有 {1}",
    r"at character (\d+), write a value, a field or a function here": "第 {0} 个字符处：这里应写数值、字段或函数",
    r"at character (\d+), write a whole number: halves are `\* 3 / 2`": "第 {0} 个字符处：请写整数；一半写作 `* 3 / 2`",
    r"at character (\d+), write '(.)' here": "第 {0} 个字符处：这里应写 {1}",
    r"at character (\d+), '(.+)' cannot stand here": "第 {0} 个字符处：这里不能是 {1}",
    r"at character (\d+), this rule looks at whole orders: .*": "第 {0} 个字符处：此规则看整个订单，请用 lines.exists(l, …)，或改为逐行",
    r"at character (\d+), the whole must be true or false": "第 {0} 个字符处：整个表达式应为真或假",
    r"at character (\d+), the whole must be a number": "第 {0} 个字符处：整个表达式应为数字",
    r"at character (\d+), put something into the list": "第 {0} 个字符处：请在列表中填写内容",
    r"at character (\d+), there is no such day": "第 {0} 个字符处：没有这一天",
    r"at character (\d+), give a day such as .*": "第 {0} 个字符处：请填日期",
    r"at character (\d+), give (?:a number|true or false|a text).*": "第 {0} 个字符处：类型不符",
}  # fmt: skip


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(english), chinese) for english, chinese in _CHINESE.items()]


def said(remedy: str, language: str) -> tuple[str, bool]:
    """A remedy in a language, and whether it is in that language."""
    if language != "zh":
        return _plain(remedy), True
    for pattern, chinese in _patterns():
        found = pattern.fullmatch(remedy)
        if found:
            return chinese.format(*found.groups()), True
    return remedy, False


def _plain(remedy: str) -> str:
    """What msgspec says of a wrong kind of value, in words."""
    if remedy.startswith("give what fits: expected int"):
        return "give a number"
    if remedy.startswith("give what fits: expected str"):
        return "give a text"
    return "choose one of the list" if remedy.startswith("give what fits: invalid enum value") else remedy
