"""What tiers are called: the programme names them in both languages."""

from collections.abc import Mapping
from datetime import datetime

from regulars import programme
from regulars.console._language import Language
from regulars.programme import Programme, Tier
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
    return {} if found is None else {tier.code: tier_name(tier, language) for tier in found.tiers}
