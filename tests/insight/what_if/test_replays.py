"""A replay gives what publishing the programme and bringing the same orders would have given."""

from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from insight.what_if import worlds
from regulars.storage import Transaction


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip
@given(st.integers(0, 2**40))
def test_a_replay_gives_what_living_through_it_gave(tx: Transaction, seed: int) -> None:
    random = Random(seed)
    wanted = worlds.document(random)
    with tx.savepoint(undo=True):
        world = worlds.live(tx, random, wanted)
        lived, replayed = worlds.lived(tx, world), worlds.replayed(tx, wanted)
    for what in ("points", "tiers", "gifts", "owed"):
        assert replayed[what] == lived[what], f"{what}, seed {seed}"
