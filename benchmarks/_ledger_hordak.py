"""django-hordak as a peer for `ledger.py`: its own transfer between a till and a member, from eight threads.

python benchmarks/_ledger_hordak.py URL SECONDS

Makes its tables in that database where there are none, and prints how many transfers a second it made.
"""

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

MEMBERS, TILLS, THREADS = 1000, 64, 8


def configure(url: str) -> None:
    parts = conninfo_to_dict(url)
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts["dbname"],
                "USER": parts.get("user"),
                "PASSWORD": parts.get("password"),
                "HOST": parts.get("host"),
                "PORT": parts.get("port", ""),
                "CONN_MAX_AGE": None,
            }
        },
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "mptt", "djmoney", "hordak"],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        DEFAULT_CURRENCY="EUR",
        USE_TZ=True,
    )
    django.setup()


def accounts() -> list[Any]:
    from django.core.management import call_command  # noqa: PLC0415 - after the settings
    from hordak.models import Account  # noqa: PLC0415 - after the settings

    call_command("migrate", verbosity=0)
    if not Account.objects.exists():
        for number in range(TILLS + MEMBERS):
            Account.objects.create(name=f"{number}", code=f"{number}", type="LI", currencies=["EUR"])
    return list(Account.objects.order_by("id"))


def main() -> None:
    url, seconds = sys.argv[1], float(sys.argv[2])
    configure(url)
    from django.db import connections, transaction  # noqa: PLC0415 - after the settings
    from djmoney.money import Money  # noqa: PLC0415 - after the settings

    known = accounts()
    tills, members = known[:TILLS], known[TILLS:]

    def post(number: int, until: float) -> int:
        chance, done = random.Random(number), 0
        while time.perf_counter() < until:
            pair = [chance.choice(tills), chance.choice(members)]
            source, target = pair if chance.random() < 0.8 else pair[::-1]
            with transaction.atomic():
                source.transfer_to(target, Money(1 + done % 50, "EUR"))
            done += 1
        connections.close_all()
        return done

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(post, range(THREADS), [time.perf_counter() + 0.3] * THREADS))
        began = time.perf_counter()
        done = sum(pool.map(post, range(THREADS), [began + seconds] * THREADS))
        print(done / (time.perf_counter() - began))


if __name__ == "__main__":
    main()
