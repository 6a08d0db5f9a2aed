"""django-oscar as a peer for `rules.py`: its own offers applied to baskets of five lines, one after the other.

python benchmarks/_rules_oscar.py OFFERS BASKETS

In a database in memory. Making the baskets is not counted; applying the offers is, with what the applicator asks for of them.
Prints how many baskets a second that were, and how many were given anything.
"""

import sys
import time
from decimal import Decimal
from random import Random
from typing import Any

import django
from django.conf import settings
from oscar import INSTALLED_APPS
from oscar.defaults import *  # noqa: F403 - that is how its settings are had

PRODUCTS = 200


def configure() -> None:
    settings.configure(
        **{name: value for name, value in globals().items() if name.startswith("OSCAR_")},
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=INSTALLED_APPS,
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        ROOT_URLCONF="oscar.urls",
        SITE_ID=1,
        STATIC_URL="/static/",
        USE_TZ=True,
    )
    django.setup()


def made_offers(number: int, products: list[Any]) -> None:
    """As many offers as rules, of the kinds it has: so much spent, so many of some products; percent or money off."""
    from oscar.apps.offer.models import Benefit, Condition, ConditionalOffer, Range  # noqa: PLC0415 - after the settings

    everything = Range.objects.create(name="everything", includes_all_products=True)
    for n in range(number):
        some = Range.objects.create(name=f"r{n}")
        for place in (n, n + 40, n + 90):
            some.add_product(products[place])
        if n % 2:
            condition = Condition.objects.create(range=some, type=Condition.COUNT, value=Decimal(1))
            benefit = Benefit.objects.create(range=some, type=Benefit.PERCENTAGE, value=Decimal(5))
        else:
            condition = Condition.objects.create(range=everything, type=Condition.VALUE, value=Decimal(100 + 10 * n))
            benefit = Benefit.objects.create(range=everything, type=Benefit.FIXED, value=Decimal("0.50"))
        ConditionalOffer.objects.create(name=f"o{n}", condition=condition, benefit=benefit, max_basket_applications=1)


def made_baskets(number: int, products: list[Any]) -> list[Any]:
    from oscar.apps.basket.models import Basket  # noqa: PLC0415 - after the settings
    from oscar.apps.partner.strategy import Default  # noqa: PLC0415 - after the settings

    random, baskets = Random(1), []
    for _ in range(number):
        basket = Basket.objects.create()
        basket.strategy = Default()
        for product in random.sample(products, 5):
            basket.add_product(product, random.randint(1, 4))
        baskets.append(basket)
    return baskets


def main() -> None:
    configure()
    from django.core.management import call_command  # noqa: PLC0415 - after the settings
    from oscar.apps.catalogue.models import Product, ProductClass  # noqa: PLC0415 - after the settings
    from oscar.apps.offer.applicator import Applicator  # noqa: PLC0415 - after the settings
    from oscar.apps.partner.models import Partner, StockRecord  # noqa: PLC0415 - after the settings

    call_command("migrate", verbosity=0)
    kind = ProductClass.objects.create(name="goods", track_stock=False, requires_shipping=False)
    partner, random = Partner.objects.create(name="shop"), Random(2)
    products = [Product.objects.create(title=f"S{n:03}", product_class=kind) for n in range(PRODUCTS)]
    for product in products:
        price = Decimal(random.randint(500, 9000)) / 100
        StockRecord.objects.create(product=product, partner=partner, partner_sku=product.title, price=price)
    offers, number = int(sys.argv[1]), int(sys.argv[2])
    made_offers(offers, products)
    baskets = made_baskets(number, products)
    begun = time.perf_counter()
    for basket in baskets:
        Applicator().apply(basket)
    seconds = time.perf_counter() - begun
    given = sum(bool(basket.offer_applications.offers) for basket in baskets)
    print(f"{number / seconds:.1f} {given}")


if __name__ == "__main__":
    main()
