"""The house's rules that import-linter and ruff cannot state, as functions from one file to what breaks them.

Every rule takes the file's path below `src` (or below the repository) and its text, and yields one sentence per breach.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "regulars"
DOMAINS = ("facts", "access", "members", "commerce", "ledger", "programme", "insight")

LONGEST_FILE, LONGEST_FUNCTION = 500, 60
_FORBIDDEN_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "core", "misc", "services", "managers"})
_ON_A_TRANSACTION = frozenset({"all", "first", "value", "values", "rows", "run", "copy", "stage"})
_WRITES = re.compile(
    r"\b(?:insert\s+into|delete\s+from|merge\s+into|truncate(?:\s+table)?|copy|(?<!for )(?<!do )(?<!key )update)\s+"
    r"(?:only\s+)?(?P<table>[a-z_][a-z0-9_]*)(?=[\s(;]|$)",
    re.IGNORECASE,
)
_READS = re.compile(r"\b(?:from|join)\s+(?:only\s+|lateral\s+)?(?P<table>[a-z_][a-z0-9_]*)\b(?!\s*\()", re.IGNORECASE)
_NOT_TABLES = frozenset({"set", "of", "skip", "nowait", "on", "select", "and", "the", "from", "unnest"})
_CLOCK_SQL = re.compile(
    r"\b(?:now|clock_timestamp|statement_timestamp|transaction_timestamp)\s*\(|\bcurrent_(?:timestamp|date|time)\b",
    re.IGNORECASE,
)
_CLOCK_CALLS = frozenset(
    {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
)


def domain_of(path: Path) -> str:
    """The package or module directly below `regulars` that a file belongs to."""
    return path.relative_to("regulars").parts[0].removesuffix(".py")


def private_modules_stay_inside_their_package(path: Path, text: str) -> Iterator[str]:
    """`regulars.ledger._queries` is imported by the ledger alone."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        else:
            continue
        for module in modules:
            parts = module.split(".")
            private = len(parts) > 2 and parts[0] == "regulars" and any(part.startswith("_") for part in parts[2:])
            if private and parts[1] != domain_of(path):
                yield f"line {node.lineno} imports {module}, which is private to {parts[1]}"


def sql_is_run_only_in_queries(path: Path, text: str) -> Iterator[str]:
    """PostgreSQL is reached from `_queries.py` and `storage`; DuckDB, where no transaction is, from where it is imported."""
    if path.name == "_queries.py" or domain_of(path) == "storage":
        return
    tree = ast.parse(text)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    from_storage = any(
        isinstance(node, ast.ImportFrom) and node.module == "regulars.storage" for node in ast.walk(tree)
    )
    duckdb_alone = "duckdb" in imported and not from_storage
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        on, method = node.func.value, node.func.attr
        receiver = on.id if isinstance(on, ast.Name) else on.attr if isinstance(on, ast.Attribute) else ""
        if (method in {"execute", "executemany"} and not duckdb_alone) or (
            receiver in {"tx", "transaction"} and method in _ON_A_TRANSACTION
        ):
            yield f"line {node.lineno} runs SQL by {receiver}.{method}(): move it to _queries.py"


def a_domain_writes_only_its_own_tables(path: Path, text: str) -> Iterator[str]:
    """`members/_queries.py` writes `members` and `members_…`, and what it has staged itself."""
    domain = domain_of(path)
    if path.name != "_queries.py":
        return
    tree = ast.parse(text)
    staged = set(_first_arguments(tree, "stage"))
    targets = [(line, table) for line, sql in _strings(tree) for table in _targets(sql)]
    targets += [(0, target.split()[0].split("(")[0]) for target in _first_arguments(tree, "copy")]
    for line, table in targets:
        if table not in staged and table != domain and not table.startswith(f"{domain}_"):
            yield f"line {line} writes {table}, which is not a table of {domain}"


def a_domain_reads_others_only_through_what_they_publish(path: Path, text: str) -> Iterator[str]:
    """A table `ledger_lots` is the ledger's own; others read its views, or the table that bears a domain's whole name."""
    domain = domain_of(path)
    if path.name != "_queries.py" or domain not in DOMAINS:
        return
    for line, sql in _strings(ast.parse(text)):
        for match in _READS.finditer(sql):
            owner = _owners().get(match["table"])
            if owner is not None and owner != domain and match["table"] != owner:
                yield f"line {line} reads {match['table']}, a table of {owner}: ask for a view or a query of {owner}"


def a_domain_is_told_the_time(path: Path, text: str) -> Iterator[str]:
    """`at` is an argument; no verb, rule or statement looks at a clock."""
    if domain_of(path) not in DOMAINS:
        return
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = ".".join(ast.unparse(node.func).split(".")[-2:])
            if name in _CLOCK_CALLS:
                yield f"line {node.lineno} calls {name}(): take `at` as an argument"
    for line, sql in _strings(tree):
        if path.name == "_queries.py" and _CLOCK_SQL.search(sql):
            yield f"line {line} asks the database for the time: pass `at` as a parameter"


def files_and_functions_stay_short(path: Path, text: str) -> Iterator[str]:
    """A file past 500 lines or a function past 60 owes a split."""
    lines = text.count("\n")
    if lines > LONGEST_FILE:
        yield f"has {lines} lines, {LONGEST_FILE} are allowed"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"line {node.lineno}: {node.name} has {length} lines, {LONGEST_FUNCTION} are allowed"


def names_say_what_is_inside(path: Path, _text: str) -> Iterator[str]:
    """No folder or module that could hold anything."""
    for part in path.with_suffix("").parts:
        if part.lstrip("_") in _FORBIDDEN_NAMES:
            yield f"is named {part}: name it after what it does"


def a_domain_introduces_itself(path: Path, text: str) -> Iterator[str]:
    """Its `__init__` says what it is, its invariant, shows an example, and lists what is public."""
    if path.name != "__init__.py" or len(path.parts) != 3 or path.parts[1] not in DOMAINS:
        return
    tree = ast.parse(text)
    said = ast.get_docstring(tree) or ""
    if "The invariant:" not in said:
        yield "does not state its invariant in its docstring"
    if not re.search(r"^    \S", said, re.MULTILINE):
        yield "shows no example in its docstring"
    if not any(isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__" for node in tree.body):
        yield "has no __all__"


def a_decision_says_what_enforces_it(path: Path, text: str) -> Iterator[str]:
    """Every record in docs/decisions names the test, contract or check that keeps it true."""
    if (
        path.parent.name == "decisions"
        and path.name != "README.md"
        and not re.search(r"^\W*Enforced by:", text, re.MULTILINE)
    ):
        yield 'has no line "Enforced by:"'


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text in the code with its line, formatted ones with a blank for each value; docstrings are not code."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, documented):
            skipped |= {id(statement.value) for statement in node.body if isinstance(statement, ast.Expr)}
        if isinstance(node, ast.ClassDef):
            skipped |= {id(statement.value) for statement in node.body if isinstance(statement, ast.Expr)}
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else " " for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value


def _targets(sql: str) -> Iterator[str]:
    """The tables a statement writes to. Texts that are no statement have no verb that SQL begins with."""
    text = re.sub(r"'[^']*'|--[^\n]*", " ", sql)
    if re.match(r"\s*(?:with|insert|update|delete|merge|truncate|copy)\b", text, re.IGNORECASE):
        for match in _WRITES.finditer(text):
            if match["table"].lower() not in _NOT_TABLES:
                yield match["table"]


def _first_arguments(tree: ast.Module, method: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == method
            and node.args
        ):
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


@cache
def _owners() -> dict[str, str]:
    """The domain that each table belongs to, as the migrations make them."""
    text = "\n".join(file.read_text("utf-8") for file in (PACKAGE / "storage" / "migrations").glob("*.sql"))
    tables = re.findall(r"^create (?:unlogged )?table (\w+)", text, re.MULTILINE)
    return {
        table: domain for table in tables for domain in DOMAINS if table == domain or table.startswith(f"{domain}_")
    }
