"""docs/reference/settings.md, made from the docstrings of `Settings` and of the embedded server."""

import ast
import inspect
from pathlib import Path

from regulars import settings
from regulars.storage import _embedded

FILE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"

INTRODUCTION = """\
# Settings

<!-- Written by `just reference` from src/regulars/settings.py and src/regulars/storage/_embedded.py. -->

Everything an installation can set is an environment variable. A value that cannot be used is refused at the start, with
the reason; there is no settings file.

| variable | meaning | default |
|---|---|---|
"""

EMBEDDED = """
## The embedded PostgreSQL

Used while `REGULARS_DATABASE_URL` is not set. It runs on Linux and macOS; on Windows, set the variable.

"""


def fields() -> list[tuple[str, str, str]]:
    """Each setting's name, meaning and default, as they stand in the code."""
    [found] = [node for node in ast.parse(inspect.getsource(settings)).body if getattr(node, "name", "") == "Settings"]
    described = []
    for field, after in zip(found.body, found.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr):
            meaning = " ".join(inspect.cleandoc(ast.literal_eval(after.value)).split())
            plain = isinstance(field.value, ast.Constant) and field.value.value is not None
            value = field.value.value if plain else None
            default = (
                ""
                if value is None
                else f"`{ ({True: 'yes', False: 'no'}[value] if isinstance(value, bool) else value) }`"
            )
            described.append((field.target.id, meaning, default))
    return described


def page() -> str:
    rows = "".join(f"| `REGULARS_{name.upper()}` | {meaning} | {default} |\n" for name, meaning, default in fields())
    embedded = inspect.cleandoc(_embedded.__doc__).split("\n\n", 1)[1].replace("::\n", ":\n")
    return INTRODUCTION + rows + EMBEDDED + embedded + "\n"


if __name__ == "__main__":
    FILE.write_text(page(), "utf-8")
