"""What is different between two plans of one Service."""

from hypothesis import given
from hypothesis import strategies as st

from kube_portals.api.portals import Backend, Family, Portal, Protocol
from kube_portals.plan.difference import listeners_changed, portals_changed
from kube_portals.plan.model import ServicePlan
from unit.plan.examples import plan

CLUSTER_IP = Portal(Family.IPV4, Protocol.TCP, 80, "10.96.0.10")
NODE_PORT = Portal(Family.IPV4, Protocol.TCP, 30062)

FULL = plan("app", addresses=["10.96.0.10"], node_ports=[30062])
OTHER_BACKENDS = plan("app", addresses=["10.96.0.10"], node_ports=[30062], backends=[Backend("10.1.0.9", 80)])
WITHOUT_BACKENDS = plan("app", addresses=["10.96.0.10"], node_ports=[30062], backends=[])


def test_a_new_service_brings_all_its_listeners_and_portals() -> None:
    assert listeners_changed(None, FULL) == (FULL.listeners, ())
    assert portals_changed(None, FULL) == (CLUSTER_IP, NODE_PORT)


def test_a_service_that_goes_takes_all_its_listeners_and_portals() -> None:
    assert listeners_changed(FULL, None) == ((), (FULL.listeners[0].key,))
    assert portals_changed(FULL, None) == (CLUSTER_IP, NODE_PORT)


def test_an_endpoint_change_alone_changes_no_portal() -> None:
    assert listeners_changed(FULL, OTHER_BACKENDS) == (OTHER_BACKENDS.listeners, ())
    assert portals_changed(FULL, OTHER_BACKENDS) == ()


def test_the_last_backend_going_changes_the_portals() -> None:
    assert listeners_changed(FULL, WITHOUT_BACKENDS) == ((), (FULL.listeners[0].key,))
    assert portals_changed(FULL, WITHOUT_BACKENDS) == (CLUSTER_IP, NODE_PORT)


def test_a_node_port_that_goes_is_the_only_change() -> None:
    after = plan("app", addresses=["10.96.0.10"])
    assert listeners_changed(FULL, after) == ((), ())
    assert portals_changed(FULL, after) == (NODE_PORT,)


plans = st.none() | st.builds(
    plan,
    st.just("app"),
    addresses=st.lists(st.sampled_from(["10.96.0.10", "10.96.0.11"]), unique=True),
    node_ports=st.lists(st.sampled_from([30061, 30062]), unique=True),
    backends=st.lists(st.sampled_from([Backend("10.1.0.5", 80), Backend("10.1.0.6", 80)]), unique=True),
)


@given(plans, plans)
def test_carrying_out_the_changes_leads_from_one_plan_to_the_other(
    before: ServicePlan | None, after: ServicePlan | None
) -> None:
    put, removed = listeners_changed(before, after)
    listeners = {listener.key: listener for listener in before.listeners} if before else {}
    for key in removed:
        del listeners[key]
    listeners.update((listener.key, listener) for listener in put)
    assert listeners == ({listener.key: listener for listener in after.listeners} if after else {})


@given(plans)
def test_a_plan_is_not_different_from_itself(same: ServicePlan | None) -> None:
    assert listeners_changed(same, same) == ((), ())
    assert portals_changed(same, same) == ()


@given(plans, plans)
def test_portals_that_are_not_named_lead_where_they_led(
    before: ServicePlan | None, after: ServicePlan | None
) -> None:
    changed = portals_changed(before, after)
    old = {each.portal: each.target for each in before.portals} if before else {}
    new = {each.portal: each.target for each in after.portals} if after else {}
    assert all((old.get(portal) == new.get(portal)) != (portal in changed) for portal in {**old, **new})
