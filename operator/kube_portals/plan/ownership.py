"""Who owns what: a clusterIP, or a nodePort, belongs to one Service, the oldest that asks for it."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from kube_portals.api.portals import Portal, ServiceKey
from kube_portals.plan.model import ClusterAddress, PlannedPortal, Problem, Reason, ServicePlan

Claim = ClusterAddress | Portal
"""What can have one owner: a clusterIP as a whole, or a nodePort in one family and protocol."""

Seniority: TypeAlias = Any
"""Any ordered value, of one type for all Services; smaller is older. Names decide between equals."""

_Rank = tuple[Seniority, ServiceKey]


class _Claims(Struct, frozen=True):
    seniority: Seniority
    claims: frozenset[Claim]


class Ownership:
    """The claims of all Services. A call costs what the Service itself claims, however many others are."""

    def __init__(self) -> None:
        self._claimants: dict[Claim, list[_Rank]] = {}  # each sorted: the owner is the first
        self._of: dict[ServiceKey, _Claims] = {}

    def claim(self, plan: ServicePlan, seniority: Seniority) -> frozenset[ServiceKey]:
        """Replace the claims of a plan's Service.

        Returns:
            The other Services for which `settle` has a different outcome now.
        """
        return self._replace(plan.service, _Claims(seniority, frozenset(_claims_of(plan))))

    def release(self, service: ServiceKey) -> frozenset[ServiceKey]:
        """Forget a Service that is gone; returns the others for which `settle` has a different outcome."""
        return self._replace(service, None)

    def owner(self, claim: Claim) -> ServiceKey | None:
        """The oldest Service that claims this, or None where nobody does."""
        claimants = self._claimants.get(claim)
        return claimants[0][1] if claimants else None

    def settle(self, plan: ServicePlan) -> ServicePlan:
        """The plan without what other Services own, and a problem for each thing that it lost.

        The plan's Service must have claimed it before (`claim`).
        """
        lost: dict[Claim, ServiceKey] = {}
        for claim in _claims_of(plan):
            owner = self.owner(claim)
            if owner is None:
                raise LookupError(f"{plan.service} has not claimed {claim}")
            if owner != plan.service:
                lost[claim] = owner
        return _without(plan, lost) if lost else plan

    def _replace(self, service: ServiceKey, after: _Claims | None) -> frozenset[ServiceKey]:
        before = self._of.pop(service, None)
        if after and after.claims:
            self._of[service] = after
        old = before.claims if before else frozenset()
        new = after.claims if after else frozenset()
        same_age = bool(before and after and before.seniority == after.seniority)
        touched = old ^ new if same_age else old | new
        owners = {claim: self.owner(claim) for claim in touched}
        for claim in touched:
            if before and claim in old:
                self._leave(claim, (before.seniority, service))
            if after and claim in new:
                insort(self._claimants.setdefault(claim, []), (after.seniority, service))
        # Another owner matters to all who ask for the same: to win, to lose, or to be told of another name.
        changed = {
            claimant
            for claim, owner in owners.items()
            if self.owner(claim) != owner
            for _, claimant in self._claimants.get(claim, ())
        }
        return frozenset(changed - {service})

    def _leave(self, claim: Claim, rank: _Rank) -> None:
        claimants = self._claimants[claim]
        del claimants[bisect_left(claimants, rank)]
        if not claimants:
            del self._claimants[claim]


def _claims_of(plan: ServicePlan) -> Iterable[Claim]:
    yield from plan.cluster_addresses
    yield from (planned.portal for planned in plan.portals if planned.portal.is_node_port)


def _claim_for(planned: PlannedPortal) -> Claim:
    portal = planned.portal
    return portal if portal.is_node_port else ClusterAddress(portal.family, portal.address)


def _without(plan: ServicePlan, lost: dict[Claim, ServiceKey]) -> ServicePlan:
    portals = tuple(planned for planned in plan.portals if _claim_for(planned) not in lost)
    needed = {planned.target for planned in portals}
    conflicts = {_conflict(plan.service, claim, owner) for claim, owner in lost.items()}
    return replace(
        plan,
        cluster_addresses=tuple(address for address in plan.cluster_addresses if address not in lost),
        portals=portals,
        listeners=tuple(listener for listener in plan.listeners if listener.key in needed),
        problems=tuple(sorted({*plan.problems, *conflicts})),
    )


def _conflict(service: ServiceKey, claim: Claim, owner: ServiceKey) -> Problem:
    if isinstance(claim, Portal):
        message = f"{claim} belongs to Service {owner}, which is older; choose another nodePort"
    else:
        message = f"clusterIP {claim.address} belongs to Service {owner}, which is older; choose another one"
    return Problem(service, Reason.PORTAL_CONFLICT, message)
