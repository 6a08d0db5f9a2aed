"""Passwords are hashed here as they are in a shop."""

import pytest

from regulars.access import _rules

_OURS = _rules._HASHER


@pytest.fixture(autouse=True)
def strong_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_rules, "_HASHER", _OURS)
