from hypothesis import HealthCheck, settings, Phase
from hypothesis.stateful import run_state_machine_as_test
from ledger.test_machine import Ledgers
def test_m(tx):
    run_state_machine_as_test(lambda: Ledgers(tx), settings=settings(max_examples=60, stateful_step_count=25, deadline=None, database=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck), phases=[Phase.generate]))
