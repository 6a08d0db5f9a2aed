"""The pages of the reference that are made from the code."""

import json
from collections.abc import Mapping

from regulars.api._application import openapi_document
from regulars.api._problems import catalogue
from regulars.programme import drafts

_ERRORS = """# Problems

Every refusal of the API is `application/problem+json` with one of these codes. The command line and the console show
the same messages. The words in braces are filled in. A refused request changed nothing. The installation shows the same
list: `GET /v1/errors/{code}`.

<!-- Made by `python -m regulars.api docs/reference`; a test keeps it up to date. -->

| code | status | retry | message |
| --- | --- | --- | --- |
"""


def reference_pages() -> Mapping[str, str]:
    """File names and texts of `docs/reference` that are made from the code."""
    rows = (
        f"| `{entry.code}` | {entry.status} | {'yes' if entry.retryable else ''} | {entry.message} |"
        for entry in catalogue()
    )
    document = json.dumps(openapi_document(), indent=2, ensure_ascii=False)
    programme = json.dumps(drafts.schema(), indent=2, ensure_ascii=False)
    return {
        "openapi.json": document + "\n",
        "errors.md": _ERRORS + "\n".join(rows) + "\n",
        "programme.schema.json": programme + "\n",
    }
