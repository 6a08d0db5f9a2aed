"""The documents are current, and what they point at exists."""

import re
from pathlib import Path

import pytest

from docs import settings_page
from programme import expressions_page
from regulars.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)|!\[[^\]]*\]\((?P<image>[^)\s]+)\)")


def test_the_settings_page_is_current() -> None:
    assert settings_page.FILE.read_text("utf-8") == settings_page.page(), "run `just reference`"


def test_the_page_of_expressions_is_current() -> None:
    assert expressions_page.PAGE.read_text("utf-8") == expressions_page.written(), "run `just reference`"


def test_every_setting_is_documented() -> None:
    assert [name for name, _, _ in settings_page.fields()] == list(Settings.__dataclass_fields__)


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}


def broken_links(page: Path, text: str) -> list[str]:
    """What a page points at inside the repository and does not exist."""
    without_code = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    broken = []
    for match in LINK.finditer(without_code):
        target = match["target"] or match["image"]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in headings(there)):
            broken.append(target)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text("utf-8")) == []


def test_a_broken_link_is_noticed() -> None:
    text = "[a](nowhere.md) [b](README.md#no-such-heading) ![c](none.png) [d](https://example.org) `[e](code.md)`"
    assert broken_links(ROOT / "README.md", text) == ["nowhere.md", "README.md#no-such-heading", "none.png"]
