"""What tiers are called: the programme names them in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from regulars import programme
from regulars.console._language import Language
from regulars.programme import Programme, Tier, TierSet
from regulars.storage import Transaction


def standing_programme(tx: Transaction, at: datetime) -> Programme | None:
    """The programme that holds, or None as long as nothing was published."""
    try:
        return programme.current(tx, at=at)
    except programme.NoProgramme:
        return None


def tier_name(tier: Tier, language: Language) -> str:
    """What a tier is called in a language."""
    return tier.name_zh if language.locale.language == "zh" else tier.name_en


def tier_names(found: Programme | None, language: Language) -> Mapping[str, str]:
    """What each tier is called, by its code, from the lowest to the highest."""
    return {} if found is None else {tier.code: tier_name(tier, language) for tier in found.main.tiers}


def all_tier_names(found: Programme | None, language: Language) -> Mapping[str, str]:
    """What the tiers of all sets are called, by code; of two of the same code, the main set's."""
    sets = reversed(found.tier_sets) if found else ()
    return {tier.code: tier_name(tier, language) for one in sets for tier in one.tiers}


def set_name(one: TierSet, language: Language) -> str:
    """What a set of tiers is called in a language."""
    return one.name_zh if language.locale.language == "zh" else one.name_en


@dataclass(frozen=True, slots=True)
class Writer:
    """How a standing is written in a visitor's language, for `tiers.describe`."""

    language: Language
    currency: str

    @property
    def chinese(self) -> bool:
        """Whether sentences are Chinese."""
        return self.language.locale.language == "zh"

    def money(self, minor: int) -> str:
        """An amount of the programme's currency."""
        return self.language.money(minor, self.currency)

    def number(self, number: int) -> str:
        """A number."""
        return self.language.number(number)

    def day(self, day: date) -> str:
        """A day."""
        return self.language.full_date(day, UTC)
