"""`regulars coupons`."""

from regulars import cli

TERMS = '{"kind": "percent", "percent": 10}'
NAMES = ("--name-en", "Summer", "--name-zh", "夏季")


def test_a_pool_from_its_opening_to_its_export(regulars, tmp_path, monkeypatch) -> None:
    opened = regulars("coupons", "open", "summer", *NAMES, "--terms", TERMS, "--low-water", "2", "--json").json
    assert (opened["pool"], opened["codes"]) == ("summer", 0)
    made = regulars("coupons", "generate", "summer", "5", "--prefix", "SUN", "--json").json
    assert (made["added"], round(made["entropy_bits"])) == (5, 53)
    assert "3 codes were made, of 53.4 random bits each." in regulars("coupons", "generate", "summer", "3").out
    file = tmp_path / "codes.csv"
    file.write_text("id,code\n1,ABC-1\n2,!\n3,ABC-2\n4,A B C 2\n", "utf-8")
    monkeypatch.setattr("regulars.cli._coupons.AT_ONCE", 2)
    done = regulars("coupons", "import", "summer", str(file), "--json").json
    assert (done["added"], done["known"], done["refused"]) == (2, 0, 2)
    assert file.with_name("codes.csv.rejects.csv").read_text("utf-8").splitlines() == [
        "row,code,reason",
        "3,!,give at least 3 letters or digits",
        '5,A B C 2,"it reads like ABC-2, which is here already"',
    ]
    again = regulars("coupons", "import", "summer", str(file))
    assert "0 codes came in, 2 were there already, 2 rows were refused." in again.out
    assert "row 3: give at least 3 letters or digits" in again.err
    assert regulars("coupons", "import", "summer", "-", "--json", stdin="XYZ-1\n").json["added"] == 1
    lines = regulars("coupons", "export", "summer", "--free").out.splitlines()
    assert (len(lines), lines[0]) == (12, "code,member,claimed_at,ends_at,uses,revoked_at")
    [pool] = regulars("coupons", "pools", "--json").json
    assert (pool["codes"], pool["free"]) == (11, 11)


def test_what_cannot_be_done_is_said_in_one_line(regulars) -> None:
    for arguments, kind in (
        (("open", "summer", *NAMES, "--terms", "percent"), "invalid"),
        (("open", "summer", *NAMES, "--terms", '{"kind": "percent"}'), "invalid"),
        (("generate", "none", "1"), "not_found"),
        (("export", "none"), "not_found"),
    ):
        ran = regulars("coupons", *arguments)
        assert ran.code == cli.EXIT_CODES[kind], ran
        assert ran.err.count("\n") == 1
