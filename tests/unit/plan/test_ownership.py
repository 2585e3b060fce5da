"""Who owns which clusterIP and which nodePort."""

from collections.abc import Sequence

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kube_portals.api.portals import Family, Portal, Protocol, ServiceKey, ServicePort
from kube_portals.plan.model import ClusterAddress, PlannedPortal, Problem, Reason, Refusal, ServicePlan
from kube_portals.plan.ownership import Ownership
from unit.plan.examples import plan

APP1, APP2, APP3 = (ServiceKey("default", name) for name in ("app1", "app2", "app3"))
NODE_PORT = Portal(Family.IPV4, Protocol.TCP, 30062)


def test_the_only_claimant_keeps_its_plan_as_it_is() -> None:
    ownership = Ownership()
    wanted = plan("app1", addresses=["10.96.0.10"], node_ports=[30062])
    assert ownership.claim(wanted, 1) == frozenset()
    assert ownership.settle(wanted) is wanted


def test_the_older_service_keeps_the_node_port_whoever_came_first() -> None:
    ownership = Ownership()
    young, old = plan("app2", node_ports=[30062]), plan("app1", node_ports=[30062])
    ownership.claim(young, 2)
    assert ownership.claim(old, 1) == {APP2}
    assert ownership.settle(old) is old
    settled = ownership.settle(young)
    assert settled == ServicePlan(
        service=APP2,
        problems=(
            Problem(
                APP2,
                Reason.PORTAL_CONFLICT,
                "nodePort 30062/TCP belongs to Service default/app1, which is older; choose another nodePort",
            ),
        ),
    )


def test_a_lost_cluster_ip_leaves_the_node_port_and_its_listener() -> None:
    ownership = Ownership()
    ownership.claim(plan("app1", addresses=["10.96.0.10"]), 1)
    young = plan("app2", addresses=["10.96.0.10"], node_ports=[30062])
    ownership.claim(young, 2)
    settled = ownership.settle(young)
    assert [str(each.portal) for each in settled.portals] == ["nodePort 30062/TCP"]
    assert settled.cluster_addresses == ()
    assert settled.listeners == young.listeners
    assert [problem.message for problem in settled.problems] == [
        "clusterIP 10.96.0.10 belongs to Service default/app1, which is older; choose another one"
    ]


def test_a_listener_without_any_portal_left_is_dropped() -> None:
    ownership = Ownership()
    ownership.claim(plan("app1", node_ports=[30062]), 1)
    young = plan("app2", node_ports=[30062])
    ownership.claim(young, 2)
    assert young.listeners
    assert ownership.settle(young).listeners == ()


def test_the_next_oldest_takes_over_and_all_claimants_are_told() -> None:
    ownership = Ownership()
    plans = [plan(name, node_ports=[30062]) for name in ("app1", "app2", "app3")]
    for age, each in enumerate(plans):
        ownership.claim(each, age)
    assert ownership.release(APP1) == {APP2, APP3}
    assert ownership.settle(plans[1]) is plans[1]
    assert "belongs to Service default/app2" in ownership.settle(plans[2]).problems[0].message


def test_a_younger_claimant_disturbs_nobody() -> None:
    ownership = Ownership()
    ownership.claim(plan("app1", node_ports=[30062]), 1)
    assert ownership.claim(plan("app2", node_ports=[30062]), 2) == frozenset()
    assert ownership.release(APP2) == frozenset()


def test_claiming_the_same_again_changes_nothing() -> None:
    ownership = Ownership()
    for name, age in (("app1", 1), ("app2", 2)):
        ownership.claim(plan(name, node_ports=[30062]), age)
    assert ownership.claim(plan("app1", node_ports=[30062]), 1) == frozenset()


def test_a_service_that_was_deleted_and_made_again_is_the_younger_one() -> None:
    ownership = Ownership()
    ownership.claim(plan("app1", node_ports=[30062]), 1)
    ownership.claim(plan("app2", node_ports=[30062]), 2)
    assert ownership.claim(plan("app1", node_ports=[30062]), 3) == {APP2}
    assert ownership.owner(NODE_PORT) == APP2


def test_a_changed_node_port_frees_the_former_one() -> None:
    ownership = Ownership()
    ownership.claim(plan("app1", node_ports=[30062]), 1)
    ownership.claim(plan("app2", node_ports=[30062]), 2)
    assert ownership.claim(plan("app1", node_ports=[30063]), 1) == {APP2}
    assert ownership.owner(NODE_PORT) == APP2


def test_equal_age_is_decided_by_name() -> None:
    ownership = Ownership()
    ownership.claim(plan("app2", node_ports=[30062]), 1)
    assert ownership.claim(plan("app1", node_ports=[30062]), 1) == {APP2}


def test_the_same_number_in_another_protocol_is_no_conflict() -> None:
    ownership = Ownership()
    tcp = plan("app1", node_ports=[53])
    port = ServicePort(APP2, "", Protocol.UDP)
    portal = PlannedPortal(Portal(Family.IPV4, Protocol.UDP, 53), port, Refusal.REJECT)
    udp = ServicePlan(service=APP2, portals=(portal,))
    ownership.claim(tcp, 1)
    ownership.claim(udp, 2)
    assert ownership.settle(udp) is udp


def test_nothing_is_left_of_services_that_are_gone() -> None:
    ownership = Ownership()
    ownership.claim(plan("app1", addresses=["10.96.0.10"], node_ports=[30062]), 1)
    ownership.claim(plan("app1"), 1)
    assert ownership.owner(ClusterAddress(Family.IPV4, "10.96.0.10")) is None
    assert not ownership._claimants
    assert not ownership._of


def test_settling_without_a_claim_is_an_error() -> None:
    with pytest.raises(LookupError, match="default/app1 has not claimed"):
        Ownership().settle(plan("app1", node_ports=[30062]))


@pytest.mark.parametrize("others", [10, 1000])
def test_the_cost_of_a_claim_does_not_depend_on_how_many_services_there_are(others: int) -> None:
    compared = 0

    class Age(int):
        def __lt__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return int(self) < int(other)  # type: ignore[call-overload,no-any-return]

    ownership = Ownership()
    for number in range(others):
        ownership.claim(plan(f"other{number}", node_ports=[10000 + number]), Age(number))
    compared = 0
    ownership.claim(plan("app1", node_ports=[10000]), Age(others))
    assert compared <= 2


class Comparison(RuleBasedStateMachine):
    """Random claims and releases, against recomputing everything from scratch after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.ownership = Ownership()
        self.wanted: dict[ServiceKey, tuple[ServicePlan, int]] = {}
        self.settled: dict[ServiceKey, ServicePlan] = {}

    @rule(
        name=st.sampled_from(["app1", "app2", "app3", "app4"]),
        addresses=st.lists(st.sampled_from(["10.96.0.1", "10.96.0.2"]), unique=True),
        node_ports=st.lists(st.sampled_from([30001, 30002, 30003]), unique=True),
        age=st.integers(0, 3),
    )
    def claim(self, name: str, addresses: Sequence[str], node_ports: Sequence[int], age: int) -> None:
        wanted = plan(name, addresses=addresses, node_ports=node_ports)
        self.wanted[wanted.service] = (wanted, age)
        self._settle({wanted.service, *self.ownership.claim(wanted, age)})

    @rule(service=st.sampled_from([APP1, APP2, APP3]))
    def release(self, service: ServiceKey) -> None:
        self.wanted.pop(service, None)
        self.settled.pop(service, None)
        self._settle(self.ownership.release(service))

    def _settle(self, services: set[ServiceKey] | frozenset[ServiceKey]) -> None:
        for service in services:
            self.settled[service] = self.ownership.settle(self.wanted[service][0])

    @invariant()
    def outcomes_are_those_of_recomputing_from_scratch(self) -> None:
        fresh = Ownership()
        for wanted, age in self.wanted.values():
            fresh.claim(wanted, age)
        assert self.settled == {service: fresh.settle(wanted) for service, (wanted, _) in self.wanted.items()}

    @invariant()
    def every_claim_belongs_to_its_oldest_claimant(self) -> None:
        owners: dict[Portal | ClusterAddress, tuple[int, ServiceKey]] = {}
        for wanted, age in self.wanted.values():
            claims: list[Portal | ClusterAddress] = list(wanted.cluster_addresses)
            claims += [each.portal for each in wanted.portals if each.portal.is_node_port]
            for claim in claims:
                owners[claim] = min(owners.get(claim, (99, APP1)), (age, wanted.service))
        assert {claim: self.ownership.owner(claim) for claim in owners} == {
            claim: service for claim, (_, service) in owners.items()
        }

    @invariant()
    def no_portal_is_in_two_plans(self) -> None:
        portals = [each.portal for settled in self.settled.values() for each in settled.portals]
        assert len(portals) == len(set(portals))


TestComparison = Comparison.TestCase
TestComparison.settings = settings(max_examples=60, stateful_step_count=20)
