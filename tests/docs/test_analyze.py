"""The tutorial on exports works as printed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "analyze-an-export.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def test_every_command_works_and_says_what_the_page_promises(tmp_path: Path) -> None:
    blocks = BLOCK.findall(PAGE.read_text("utf-8"))
    [csv] = [block for kind, block in blocks if kind == "csv"]
    (tmp_path / "orders.csv").write_text(csv)
    said = []
    for line in [line for kind, block in blocks if kind == "sh" for line in block.splitlines()]:
        command = line.replace("uv run regulars", f"'{sys.executable}' -m regulars")
        done = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        said.append(done.stderr)
    assert "customer = 'Kundennr.', by its name" in said[0]
    assert "8 rows from 2024-02-28 to 2024-05-31: 7 used, 1 dropped" in said[0]
    assert "<svg" in (tmp_path / "orders.csv.report.html").read_text("utf-8")
    assert 'lang="zh-CN"' in (tmp_path / "report.html").read_text("utf-8")
    figures = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert (figures["data"]["refunded_orders"], figures["base"]["orders"]) == (1, 4)
