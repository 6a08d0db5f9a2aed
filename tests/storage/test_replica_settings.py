"""What names the replica is checked when it is read."""

import pytest

from regulars.settings import BadSetting, from_environment

HERE = "postgresql://db.internal/regulars"


def test_a_replica_is_of_a_database_that_is_named() -> None:
    there = from_environment(
        {"REGULARS_DATABASE_URL": HERE, "REGULARS_REPLICA_URL": "postgresql://copy.internal/regulars"}
    )
    assert (there.replica_url, there.replica_behind_seconds) == ("postgresql://copy.internal/regulars", 10)
    with pytest.raises(BadSetting, match=r"REGULARS_REPLICA_URL .* set REGULARS_DATABASE_URL, too"):
        from_environment({"REGULARS_REPLICA_URL": HERE})


def test_a_password_in_a_bad_url_is_not_told() -> None:
    with pytest.raises(BadSetting, match="REGULARS_REPLICA_URL is 'mysql:…': give a postgresql:// URL"):
        from_environment({"REGULARS_DATABASE_URL": HERE, "REGULARS_REPLICA_URL": "mysql://u:secret@copy/regulars"})
