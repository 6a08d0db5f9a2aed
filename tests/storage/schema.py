"""What the migrations make, as one file to read: `just schema` writes src/regulars/storage/schema.sql."""

import re
import subprocess
import tempfile
from pathlib import Path

import regulars
from regulars.storage import embedded_programs, embedded_server, erase_embedded_server, migrate

FILE = Path(regulars.__file__).parent / "storage" / "schema.sql"
HEADER = "-- Written by `just schema` from the migrations, with the pg_dump of PostgreSQL {major}; a test compares. Do not edit.\n"


def dump(url: str, programs: Path) -> str:
    """The schema of a database, without what differs between two dumps of the same one."""
    command = [programs / "pg_dump", "--schema-only", "--no-owner", "--no-privileges", f"--dbname={url}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    text = re.sub(r"^--\n(?:-- .*\n)+--\n", "", text, flags=re.MULTILINE)  # a title above each object
    text = re.sub(
        r"^(?:-- Dumped .*|SET .*|SELECT pg_catalog\.set_config.*|\\(?:un)?restrict .*)\n", "", text, flags=re.MULTILINE
    )
    return HEADER.format(major=major_of(programs)) + "\n" + re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def major_of(programs: Path) -> int:
    said = subprocess.run([programs / "pg_dump", "--version"], check=True, capture_output=True, text=True).stdout
    return int(re.search(r"\) (\d+)", said)[1])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        with embedded_server(data_dir) as url:
            migrate(url)
            FILE.write_text(dump(url, embedded_programs(data_dir)), "utf-8")
        erase_embedded_server(data_dir)
