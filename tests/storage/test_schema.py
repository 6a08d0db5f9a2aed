"""`schema.sql` is what the migrations make: whoever reads it, reads the truth."""

from pathlib import Path

import psycopg
import pytest

from regulars.storage import embedded_programs
from storage import schema


def test_the_schema_file_is_what_the_migrations_make(database_url: str, tmp_path: Path) -> None:
    programs = embedded_programs(tmp_path)
    with psycopg.connect(database_url) as connection:
        server = connection.info.server_version // 10000
    written = schema.FILE.read_text("utf-8")
    for what, major in (("pg_dump", schema.major_of(programs)), ("server", server)):
        if schema.HEADER.format(major=major) not in written:
            pytest.skip(f"schema.sql was written with another PostgreSQL than this {what} of version {major}")
    assert schema.dump(database_url, programs) == written, "run `just schema` and look at the difference"


def test_a_difference_is_noticed(database_url: str, tmp_path: Path) -> None:
    programs = embedded_programs(tmp_path)
    with psycopg.connect(database_url) as connection:
        if connection.info.server_version // 10000 > schema.major_of(programs):
            pytest.skip("this pg_dump is older than the server")
        before = schema.dump(database_url, programs)
        connection.execute("alter table facts add column more int")
        connection.commit()
        assert schema.dump(database_url, programs) != before
