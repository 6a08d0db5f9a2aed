import io
import secrets
import sys
from collections.abc import Generator

import pytest
import structlog

from regulars.cli._logs import configure_logs


@pytest.fixture(autouse=True)
def _as_before() -> Generator[None]:
    yield
    structlog.reset_defaults()


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("output", [io.StringIO, _Terminal])
def test_a_failure_is_told_without_what_the_variables_held(output: type[io.StringIO], monkeypatch: pytest.MonkeyPatch):
    said = output()
    monkeypatch.setattr(sys, "stderr", said)
    configure_logs()
    secret = secrets.token_hex()

    def signing_in(password: str) -> None:
        raise ValueError(len(password))

    try:
        signing_in(secret)
    except ValueError as error:
        structlog.get_logger().error("request failed", exc_info=error)
    assert "signing_in" in said.getvalue()
    assert secret not in said.getvalue()
