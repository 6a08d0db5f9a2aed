"""Kinds of points as the pages name and write them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from regulars.console._language import Language
from regulars.ledger import desk
from regulars.storage import Transaction

USUAL = "points"


@dataclass(frozen=True, slots=True)
class Kinds:
    """What is known of the kinds of points; those nobody defined are whole and redeemable."""

    language: Language
    decimals: Mapping[str, int]
    names: Mapping[str, str]
    """What kinds are called in this language, where somebody said it."""

    @classmethod
    def read(cls, tx: Transaction, language: Language) -> "Kinds":
        """The kinds that were defined."""
        known = desk.point_types(tx)
        chinese = language.tag.startswith("zh")
        names = {one.point_type: (one.name_zh if chinese else one.name_en) or "" for one in known}
        return cls(
            language,
            {one.point_type: one.decimals for one in known},
            {code: name for code, name in names.items() if name},
        )

    def name(self, code: str) -> str:
        """What a kind is called: the shop's own are called what the shop calls them, else by their code."""
        return self.names.get(code) or (self.language.gettext("Points") if code == USUAL else code)

    def write(self, amount: int, code: str, *, signed: bool = False) -> str:
        """An amount of that kind."""
        return self.language.points(amount, self.decimals.get(code, 0), signed=signed)

    def exact(self, amount: int, code: str) -> Decimal:
        """An amount of that kind as a number for a spreadsheet."""
        return Decimal(amount).scaleb(-self.decimals.get(code, 0))
