"""What must always hold of the ledger, in plain words, and what to do where it does not."""

import re
from collections.abc import Mapping
from typing import Final

from regulars.console._language import Language
from regulars.ledger.proof import THE_WHOLE, Finding

_WHOLE: Final = re.compile(r"(\w+) of (\w+) is what all accounts hold")


def told(language: Language, finding: Finding) -> tuple[str, str]:
    """What is wrong, and what to do about it; an invariant that this console does not know is told as the ledger names it."""
    if finding.account_id == THE_WHOLE:
        return _of_the_whole(language, finding)
    known = {**_of_an_account(language), **_of_an_entry(language)}
    advice = _mend_the_entry(language) if finding.seq else _mend_the_account(language)
    return known.get(finding.invariant, finding.invariant), advice


def _of_an_account(language: Language) -> Mapping[str, str]:
    _ = language.gettext
    return {
        "there is one account row": _("There are entries, lots or holds, but not exactly one account that they belong to."),
        "the account counts its entries": _("The account says that it has another number of entries than it has."),
        "entries are numbered from 1 without gaps": _("An entry is missing: the numbers have a gap."),
        "available is the sum of the entries": _("What can be spent is not what the entries add up to."),
        "pending is the sum of the entries": _("What is pending is not what the entries add up to."),
        "debt is the sum of the entries": _("What is owed is not what the entries add up to."),
        "held is the sum of the entries": _("What is set aside is not what the entries add up to."),
        "available is the sum of the open lots": _("What can be spent is not what the open lots add up to."),
        "pending is the sum of the pending lots": _("What is pending is not what the promises add up to."),
        "held is the sum of the holds": _("What is set aside is not what the holds add up to."),
        "nothing falls due unnoticed": _("Something lapses or matures earlier than the account says."),
        "what has joined another account holds nothing": _(
            "The account shares its points with others, and yet holds some of its own."
        ),
        "each open lot follows from the entries": _("A lot holds other points than the entries put into it."),
        "the account knows what was put away": _("The account says that another part of it was put away than was."),
    }  # fmt: skip


def _of_an_entry(language: Language) -> Mapping[str, str]:
    _ = language.gettext
    return {
        "each balance follows from the one before": _("The balance does not follow from the one before."),
        "an entry follows its predecessor": _("The entry before this one is missing."),
        "an entry and its lots agree": _("The entry moved other points than the lots that it names."),
        "the digest is that of the reference": _("The reference is another one than when it was booked."),
        "the hash is that of the entry and the hash before": _(
            "The entry is not as it was booked, or one before it is not: the hash does not fit."
        ),
        "each kind moves points its own way": _("The entry moves points in a way that its kind never does."),
        "the account holds the last hash": _("The account holds the hash of another last entry."),
        "no more is undone than was done": _("More was undone of this entry than was done."),
        "a pending lot is what is left of its promise": _("A promise holds other points than the entries left in it."),
        "a hold is what is left of its entry": _("A hold sets other points aside than the entries left in it."),
        "a bundle is as it was sealed": _("Old entries, from this one on, are not as they were put away."),
        "a bundle ends with its head": _(
            "Old entries, from this one on, end with another hash than when they were put away."
        ),
        "the words of a bundle are here, or were taken out": _(
            "References and reasons of old entries, from this one on, are missing."
        ),
    }


def _mend_the_entry(language: Language) -> str:
    return language.gettext(
        "Somebody changed this entry in the database, or it is a bug. Compare it with a backup or with the last journal "
        "exported, and put back what stood there. The next pass notices."
    )


def _mend_the_account(language: Language) -> str:
    return language.gettext(
        "The entries are what counts. If they are right, the rows beside them were changed in the database: put those back "
        "from a backup. If nobody wrote there, report it as a bug. The next pass notices."
    )


def _of_the_whole(language: Language, finding: Finding) -> tuple[str, str]:
    _ = language.gettext
    found = _WHOLE.fullmatch(finding.invariant)
    if found is None:
        return finding.invariant, _mend_the_account(language)
    parts = {"available": _("available"), "pending": _("pending"), "held": _("set aside"), "debt": _("owed")}
    says = _("The total of “%(kind)s” that is %(part)s is not what all accounts hold together.") % {
        "kind": language.gettext("Points") if found[2] == "points" else found[2],
        "part": parts.get(found[1], found[1]),
    }
    return says, _(
        "An account, or what a batch moved, was changed or lost. Look for findings on accounts first; they say where."
    )
