# ruff: noqa: RUF001 - Chinese has commas of its own
"""What became of rules, in words, English and Chinese: for the member it concerns, and for whoever looks after the programme."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal, cast

from regulars.programme.earning._evaluation import Verdict
from regulars.programme.earning._rules import Compiled, Condition, Rules
from regulars.programme.expressions import Field, Typed

Language = Literal["en", "zh"]
Audience = Literal["member", "operator"]

_EPOCH: Final = date(1970, 1, 1)

_SAID: Final[Mapping[str, tuple[str, str]]] = {
    "earned": ("Gave {points}.", "已发放 {points} 分。"),
    "lessened": ("Gave {points} of {whole}: a limit, or another reduction, left no more.", "应得 {whole} 分，受上限所限发放 {points} 分。"),
    "early": ("Holds for orders placed later.", "下单时尚未开始。"),
    "late": ("Held for orders placed earlier.", "下单时已经结束。"),
    "counted": ("It counts: {points} of {whole}.", "已计入：{points} / {whole}。"),
    "nothing": ("It came to no points.", "计算结果为 0 分。"),
    "limit": ("Its limit had been reached.", "已达到上限。"),
    "cooldown": ("It was too soon after the last time.", "距离上次时间太近。"),
    "beaten": ("{other} gave more.", "“{other}”更优惠，已按其发放。"),
    "excluded": ("{other} excludes it.", "与“{other}”不可同享。"),
    "failed": ("Its sum cannot be worked out.", "无法计算。"),
    "budget": ("Its budget was used up.", "预算已用完。"),
    "undone": ("What it gave was undone.", "已发放的积分已被撤销。"),
}  # fmt: skip
_NEEDS: Final[Mapping[str, tuple[str, str]]] = {
    "==": ("{label} must be {wanted}; it was {seen}.", "{label}须为 {wanted}，当时为 {seen}。"),
    "!=": ("{label} must not be {wanted}.", "{label}不得为 {wanted}。"),
    ">=": ("{label} must be at least {wanted}; it was {seen}.", "{label}须不少于 {wanted}，当时为 {seen}。"),
    ">": ("{label} must be more than {wanted}; it was {seen}.", "{label}须大于 {wanted}，当时为 {seen}。"),
    "<=": ("{label} must be at most {wanted}; it was {seen}.", "{label}须不多于 {wanted}，当时为 {seen}。"),
    "<": ("{label} must be less than {wanted}; it was {seen}.", "{label}须少于 {wanted}，当时为 {seen}。"),
    "in": ("{label} must be one of {wanted}; it was {seen}.", "{label}须为 {wanted} 之一，当时为 {seen}。"),
}  # fmt: skip
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_NONE: Final = ("nothing", "空")
_NOT_MET: Final = ("Its condition did not hold.", "不满足条件。")
_WAS: Final = ("{label} was {seen}", "{label}为 {seen}")


@dataclass(frozen=True, slots=True)
class Reason:
    """What became of one rule."""

    code: str
    name: str
    why: str
    points: int
    point_type: str
    sentence: str
    condition: str | None
    """The condition that failed, as it was written; for operators only."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """In which language, to whom, and how amounts of money are written."""

    language: Language
    audience: Audience
    money: Callable[[int], str]

    def pick(self, both: tuple[str, str]) -> str:
        """The text in this language."""
        return both[0] if self.language == "en" else both[1]

    def label(self, field: Field) -> str:
        """What a field is called, as a sentence begins with it."""
        name = field.name_en if self.language == "en" else field.name_zh
        return name[:1].upper() + name[1:]

    def value(self, field: Field, value: Any) -> str:
        """A value, as people write it."""
        if isinstance(value, list | tuple):
            given = cast("Sequence[Any]", value)
            return ", ".join(self.value(field, each) for each in given) or self.pick(_NONE)
        if isinstance(value, bool):
            return self.pick(("yes", "是") if value else ("no", "否"))
        if field.unit == "minor":
            return self.money(value)
        if field.unit == "day":
            return _day(value)
        return str(value) or self.pick(_NONE)


def _day(days: int) -> str:
    try:
        return (_EPOCH + timedelta(days=days)).isoformat()
    except OverflowError:
        return str(days)


def reasons(rules: Rules, verdicts: Sequence[Verdict], speaker: Speaker) -> list[Reason]:
    """What became of each rule, in the order of the document."""
    return [_reason(rules, verdict, speaker) for verdict in verdicts if verdict.place < len(rules.rules)]


def _reason(rules: Rules, verdict: Verdict, speaker: Speaker) -> Reason:
    one = rules.rules[verdict.place]
    condition = one.conditions[verdict.other] if verdict.why == "condition" else None
    sentence = _unmet(condition, verdict.values, speaker) if condition else _plain(rules, verdict, speaker)
    told = condition.text if condition and speaker.audience == "operator" else None
    points = verdict.points if verdict.why == "earned" else 0
    return Reason(one.rule.code, _name(one, speaker), verdict.why, points, one.rule.point_type, sentence, told)


def _name(one: Compiled, speaker: Speaker) -> str:
    return speaker.pick((one.rule.name_en, one.rule.name_zh))


def _plain(rules: Rules, verdict: Verdict, speaker: Speaker) -> str:
    lessened = verdict.why == "earned" and verdict.other
    other = _name(rules.rules[verdict.other], speaker) if verdict.why in {"beaten", "excluded"} else ""
    template = speaker.pick(_SAID["lessened" if lessened else verdict.why])
    return template.format(points=f"{verdict.points:,}", whole=f"{verdict.other:,}", other=other)


def _unmet(condition: Condition, values: Sequence[Any], speaker: Speaker) -> str:
    """A comparison of one field with something fixed as a sentence; of anything else what its fields were."""
    compared = _compared(condition.tree)
    if compared is not None and len(condition.fields) == len(values) == 1:
        op, wanted = compared
        field = condition.fields[0]
        return speaker.pick(_NEEDS[op]).format(
            label=speaker.label(field), wanted=speaker.value(field, wanted), seen=speaker.value(field, values[0])
        )
    if speaker.audience == "member":
        return speaker.pick(_NOT_MET)
    seen = [
        speaker.pick(_WAS).format(label=speaker.label(field), seen=speaker.value(field, value))
        for field, value in zip(condition.fields, values, strict=False)
    ]
    stop, join = (".", "; ") if speaker.language == "en" else ("。", "；")
    return speaker.pick(_NOT_MET) + (" " if seen else "") + (join.join(seen) + stop if seen else "")


def _compared(tree: Typed) -> tuple[str, Any] | None:
    """The comparison, and what the field is compared with, of a tree that is no more than that."""
    if tree.op not in _NEEDS:
        return None
    left, right = tree.parts
    if tree.op == "in":
        fixed = right.op == "list" and all(part.op == "literal" for part in right.parts)
        return ("in", [part.value for part in right.parts]) if left.op == "field" and fixed else None
    if left.op == "field" and right.op == "literal":
        return tree.op, right.value
    if left.op == "literal" and right.op == "field":
        return _MIRRORED[tree.op], left.value
    return None
