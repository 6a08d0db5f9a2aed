"""Who may ask what: every route by every role. A refusal for the role comes before anything else is looked at."""

from typing import Any

import pytest

from api.calls import AGNES, MAX, OLGA, VERA, Caller
from regulars import api as door
from regulars.access import Role

LEAST = {
    "adjust_points": MAX,
    "list_adjustments": MAX,
    "approve_adjustment": MAX,
    "reject_adjustment": MAX,
    "freeze_points": MAX,
    "unfreeze_points": MAX,
    "list_point_types": VERA,
    "define_point_type": MAX,
    "read_reconciliation": MAX,
    "list_passes": MAX,
    "list_shops": VERA,
    "open_shop": MAX,
    "search_members": VERA,
    "enrol_member": AGNES,
    "read_member": VERA,
    "amend_member": AGNES,
    "list_identities": VERA,
    "form_household": AGNES,
    "list_households": VERA,
    "read_household": VERA,
    "read_household_of": VERA,
    "join_household": AGNES,
    "leave_household": AGNES,
    "dissolve_household": AGNES,
    "list_member_facts": VERA,
    "read_referral_progress": VERA,
    "issue_referral_code": AGNES,
    "revoke_referral_code": MAX,
    "record_touch": AGNES,
    "record_signals": AGNES,
    "list_referrals": MAX,
    "read_referral_funnel": MAX,
    "list_advocates": MAX,
    "read_referral": MAX,
    "approve_referral": MAX,
    "refuse_referral": MAX,
    "record_order": AGNES,
    "record_orders": AGNES,
    "list_orders": VERA,
    "read_order": VERA,
    "pay_order": AGNES,
    "cancel_order": AGNES,
    "revise_order": AGNES,
    "record_return": AGNES,
    "record_returns": AGNES,
    "list_returns": VERA,
    "record_delivery": AGNES,
    "record_deliveries": AGNES,
    "read_points": VERA,
    "list_entries": VERA,
    "read_statement": VERA,
    "export_statement": VERA,
    "list_totals": MAX,
    "earn_points": MAX,
    "spend_points": AGNES,
    "reverse_spend": AGNES,
    "list_holds": VERA,
    "hold_points": AGNES,
    "capture_hold": AGNES,
    "release_hold": AGNES,
    "transfer_points": AGNES,
    "fulfil_event": MAX,
    "extend_points": MAX,
    "reinstate_points": MAX,
    "forgive_debt": MAX,
    "post_points": MAX,
    "read_programme": VERA,
    "list_programme_versions": VERA,
    "publish_programme": MAX,
    "read_tier": VERA,
    "list_measures": VERA,
    "read_measure": VERA,
    "list_members_behind": VERA,
    "list_cohorts": VERA,
    "read_rfm": VERA,
    "read_overview": VERA,
    "list_imports": VERA,
    "read_import": VERA,
    "follow_facts": MAX,
    "list_webhook_endpoints": MAX,
    "add_webhook_endpoint": OLGA,
    "read_webhook_endpoint": MAX,
    "amend_webhook_endpoint": OLGA,
    "disable_webhook_endpoint": OLGA,
    "enable_webhook_endpoint": OLGA,
    "rotate_webhook_secret": OLGA,
    "ping_webhook_endpoint": OLGA,
    "remove_webhook_endpoint": OLGA,
    "list_webhook_deliveries": MAX,
    "read_webhook_delivery": MAX,
    "replay_webhooks": OLGA,
    "list_webhook_replays": MAX,
    "read_webhook_replay": MAX,
    "read_key": VERA,
}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    paths = door.openapi_document()["paths"]
    return [(method.upper(), path, one) for path, methods in paths.items() for method, one in methods.items()]


def test_every_route_has_a_least_role():
    assert sorted(LEAST) == sorted(one["operationId"] for _, _, one in operations())


@pytest.mark.parametrize("role", [VERA, AGNES, MAX, OLGA])
def test_a_route_refuses_the_roles_below_its_least_and_no_other(unmoved: Caller, role: Role):
    for method, path, operation in operations():
        answer = unmoved(method, path.replace("{", "").replace("}", ""), by=role, json=None if method == "GET" else {})
        allowed = role.rank >= LEAST[operation["operationId"]].rank
        assert (answer.status_code != 403) is allowed, (role, method, path, answer.text)
        assert f"Needs the role {LEAST[operation['operationId']]}." in operation["description"]


def test_no_route_answers_without_a_key(unmoved: Caller):
    for method, path, _ in operations():
        answer = unmoved(method, path.replace("{", "").replace("}", ""), by=None, json=None if method == "GET" else {})
        assert answer.status_code == 401, (method, path)
