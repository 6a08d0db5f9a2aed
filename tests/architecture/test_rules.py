"""The repository keeps the house's rules, and each rule notices when it does not."""

from pathlib import Path

import pytest

from architecture import rules

SOURCES = [(path, path.relative_to(rules.PACKAGE.parent)) for path in sorted(rules.PACKAGE.rglob("*.py"))]
OTHERS = [
    (path, path.relative_to(rules.ROOT))
    for folder in ("tests", "benchmarks")
    for path in sorted((rules.ROOT / folder).rglob("*.py"))
]
DECISIONS = [(path, path.relative_to(rules.ROOT)) for path in sorted((rules.ROOT / "docs" / "decisions").glob("*.md"))]

ON_SOURCES = [
    rules.private_modules_stay_inside_their_package,
    rules.sql_is_run_only_in_queries,
    rules.a_domain_writes_only_its_own_tables,
    rules.a_domain_reads_others_only_through_what_they_publish,
    rules.a_domain_is_told_the_time,
    rules.files_and_functions_stay_short,
    rules.names_say_what_is_inside,
    rules.a_domain_introduces_itself,
]


@pytest.mark.parametrize("rule", ON_SOURCES, ids=lambda rule: rule.__name__)
def test_the_package_keeps(rule) -> None:
    assert [f"{name} {breach}" for path, name in SOURCES for breach in rule(name, path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "rule", [rules.files_and_functions_stay_short, rules.names_say_what_is_inside], ids=lambda rule: rule.__name__
)
def test_the_tests_and_benchmarks_keep(rule) -> None:
    assert [f"{name} {breach}" for path, name in OTHERS for breach in rule(name, path.read_text("utf-8"))] == []


def test_every_decision_says_what_enforces_it() -> None:
    assert DECISIONS
    breaches = [
        f"{name} {breach}"
        for path, name in DECISIONS
        for breach in rules.a_decision_says_what_enforces_it(name, path.read_text("utf-8"))
    ]
    assert breaches == []


def test_every_domain_has_its_package() -> None:
    assert [domain for domain in rules.DOMAINS if not (rules.PACKAGE / domain / "__init__.py").is_file()] == []


LONG = "def long() -> None:\n" + "    pass\n" * 60
BROKEN = [
    (rules.private_modules_stay_inside_their_package, "regulars/api/x.py", "from regulars.ledger._rules import GRACE"),
    (rules.private_modules_stay_inside_their_package, "regulars/api/x.py", "from regulars.ledger import _rules"),
    (rules.private_modules_stay_inside_their_package, "regulars/api/x.py", "import regulars.ledger._rules"),
    (rules.sql_is_run_only_in_queries, "regulars/ledger/_postings.py", "def f(tx):\n    tx.run('select 1')"),
    (rules.sql_is_run_only_in_queries, "regulars/api/x.py", "app.database.tx.rows('select 1')"),
    (rules.sql_is_run_only_in_queries, "regulars/api/x.py", "connection.execute('select 1')"),
    (
        rules.sql_is_run_only_in_queries,
        "regulars/insight/_frames.py",
        "import duckdb\nfrom regulars.storage import Transaction\nconnection.execute('select 1')",
    ),
    (
        rules.a_domain_writes_only_its_own_tables,
        "regulars/ledger/_queries.py",
        "SQL = 'insert into members values (1)'",
    ),
    (
        rules.a_domain_writes_only_its_own_tables,
        "regulars/ledger/_queries.py",
        "SQL = '''\n update members set x = 1'''",
    ),
    (
        rules.a_domain_writes_only_its_own_tables,
        "regulars/ledger/_queries.py",
        "SQL = 'with gone as (delete from only members_identities returning 1) select 1'",
    ),
    (rules.a_domain_writes_only_its_own_tables, "regulars/ledger/_queries.py", "tx.copy('facts (name)', table)"),
    (
        rules.a_domain_writes_only_its_own_tables,
        "regulars/ledger/_queries.py",
        "SQL = f'delete from members where {x}'",
    ),
    (
        rules.a_domain_reads_others_only_through_what_they_publish,
        "regulars/insight/_queries.py",
        "SQL = 'select 1 from commerce_purchases join ledger_lots using (account_id)'",
    ),
    (rules.a_domain_is_told_the_time, "regulars/ledger/_rules.py", "import datetime\nat = datetime.datetime.now()"),
    (rules.a_domain_is_told_the_time, "regulars/ledger/_queries.py", "SQL = 'select now()'"),
    (rules.a_domain_is_told_the_time, "regulars/ledger/_queries.py", "SQL = f'where at < current_date and {x}'"),
    (rules.files_and_functions_stay_short, "regulars/x.py", LONG),
    (rules.files_and_functions_stay_short, "regulars/x.py", "x = 1\n" * 501),
    (rules.names_say_what_is_inside, "regulars/api/_helpers.py", ""),
    (rules.names_say_what_is_inside, "regulars/core/models.py", ""),
    (
        rules.a_domain_introduces_itself,
        "regulars/ledger/__init__.py",
        '"""Points.\n\n    example\n\nThat is all.\n"""\n__all__ = []',
    ),
    (rules.a_domain_introduces_itself, "regulars/ledger/__init__.py", '"""The invariant: none."""\n__all__ = []'),
    (
        rules.a_domain_introduces_itself,
        "regulars/ledger/__init__.py",
        '"""The invariant: none.\n\n    example\n\nThat is all.\n"""',
    ),
    (rules.a_decision_says_what_enforces_it, "docs/decisions/0001-x.md", "# X\n\nBecause.\n"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_a_breach_is_noticed(rule, path: str, text: str) -> None:
    assert len(list(rule(Path(path), text))) == 1


KEPT = [
    (
        rules.private_modules_stay_inside_their_package,
        "regulars/ledger/_postings.py",
        "from regulars.ledger import _queries",
    ),
    (rules.private_modules_stay_inside_their_package, "regulars/api/x.py", "from regulars import ledger"),
    (rules.sql_is_run_only_in_queries, "regulars/ledger/_queries.py", "tx.run('select 1')"),
    (
        rules.sql_is_run_only_in_queries,
        "regulars/insight/_frames.py",
        "import duckdb\nduckdb.connect().execute('select 1')",
    ),
    (rules.sql_is_run_only_in_queries, "regulars/api/x.py", "names.values(); all([])"),
    (
        rules.a_domain_writes_only_its_own_tables,
        "regulars/ledger/_queries.py",
        """SQL = 'insert into ledger_lots values (1) on conflict do update set x = 1'
tx.stage('incoming', t)
MORE = 'with a as (select 1 from members for update) update incoming set x = 1'""",
    ),
    (
        rules.a_domain_reads_others_only_through_what_they_publish,
        "regulars/insight/_queries.py",
        "SQL = 'select 1 from commerce_purchases join members using (member_id) join facts using (x)'",
    ),
    (rules.a_domain_is_told_the_time, "regulars/cli/_app.py", "from datetime import datetime\ndatetime.now(UTC)"),
    (
        rules.a_domain_is_told_the_time,
        "regulars/ledger/_queries.py",
        '"""Never now()."""\nSQL = "where known_at < %(at)s"',
    ),
    (rules.a_decision_says_what_enforces_it, "docs/decisions/0001-x.md", "# X\n\n**Enforced by:** a test.\n"),
]


@pytest.mark.parametrize(("rule", "path", "text"), KEPT, ids=lambda value: getattr(value, "__name__", None))
def test_what_is_allowed_is_let_pass(rule, path: str, text: str) -> None:
    assert list(rule(Path(path), text)) == []
