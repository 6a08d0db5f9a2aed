# What a contributor does, one recipe each. `python3 -m pip install uv && uv run just check` needs nothing else installed.

uv := env("UV", "uv")
run := quote(uv) + " run --group dev"

# List the recipes
default:
    @{{ quote(just_executable()) }} --list --unsorted

# Everything that CI runs, in its order
check: format lint types imports test oldest browser docs

# Rewrite the code in the one format, and repair what ruff can
fmt:
    {{ run }} ruff check --fix --exit-zero --quiet .
    {{ run }} ruff format .

# Is everything formatted?
format:
    {{ run }} ruff format --check .

# Does ruff object?
lint:
    {{ run }} ruff check .

# Do the types fit, strictly?
types:
    {{ run }} basedpyright

# Do imports point down the tree?
imports:
    {{ run }} lint-imports --no-logo

# The tests on a real PostgreSQL: all of them, or those given
test *which="tests --ignore=tests/browser --ignore=tests/docs":
    {{ run }} pytest -n 3 {{ which }}

# The ledger on PostgreSQL 15, the oldest supported: as root on Debian it is installed first; where it cannot be, this says so
oldest *which="tests/ledger/test_plans.py tests/ledger/test_postings.py tests/ledger/test_machine.py":
    @bash .ci/postgresql15
    @if [ -x /usr/lib/postgresql/15/bin/initdb ]; then \
        REGULARS_TEST_POSTGRESQL=/usr/lib/postgresql/15/bin {{ run }} pytest -n 2 --dist loadfile {{ which }}; \
    else echo "PostgreSQL 15 is not installed: the ledger is NOT tested on it." >&2; fi

# The console in Chromium: as root on Debian it is installed first; where it cannot be, these tests skip and say so
browser *which="tests/browser":
    @bash .ci/chromium
    {{ run }} pytest -n 2 -rs {{ which }}

# Kill servers, workers and PostgreSQL under load again and again, some minutes long; `test` does so briefly
faults rounds="10" *options:
    REGULARS_TEST_FAULT_ROUNDS={{ quote(rounds) }} {{ run }} pytest -rs -p no:xdist --timeout 1800 tests/faults {{ options }}

# Are the documents current, and do their links lead somewhere?
docs:
    {{ run }} pytest tests/docs

# Write the parts of docs/reference that are made from the code
reference:
    {{ run }} python -m regulars.api docs/reference
    {{ run }} python tests/docs/settings_page.py
    {{ run }} python tests/insight/measures_page.py
    {{ run }} python tests/programme/expressions_page.py

# Write schema.sql from the migrations
schema:
    {{ run }} python tests/storage/schema.py

# A real shop's year, served: pass --fresh, --port or --prepare
demo *options:
    {{ quote(uv) }} run regulars demo {{ options }}

# The headline figures, each beside its peer: pass --quick for under a minute each
bench *options:
    for file in benchmarks/[a-z]*.py; do [ "$file" = benchmarks/soak.py ] || {{ run }} python "$file" {{ options }}; done

# A year of a million members' points, its nights and a reconcile, half an hour and 30 GB: pass --quick, --share 0.1, --data FOLDER
soak *options:
    {{ run }} python benchmarks/soak.py {{ options }}
