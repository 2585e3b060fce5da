"""What is different between two plans of one Service: for the agent, and for the kernel."""

from typing import NamedTuple

from kube_portals.api.portals import ListenerKey, Portal
from kube_portals.plan.model import Listener, ServicePlan


class ListenerChanges(NamedTuple):
    """Listeners that are new or have other backends, and listeners that nothing leads to any more."""

    put: tuple[Listener, ...]
    removed: tuple[ListenerKey, ...]


def listeners_changed(before: ServicePlan | None, after: ServicePlan | None) -> ListenerChanges:
    """What the agent has to be told; None stands for a Service that is not there (yet, or any more)."""
    old = {listener.key: listener for listener in before.listeners} if before else {}
    new = {listener.key: listener for listener in after.listeners} if after else {}
    return ListenerChanges(
        put=tuple(listener for key, listener in new.items() if old.get(key) != listener),
        removed=tuple(key for key in old if key not in new),
    )


def portals_changed(before: ServicePlan | None, after: ServicePlan | None) -> tuple[Portal, ...]:
    """Portals that appeared, went, or lead elsewhere now: they need the kernel, and conntrack after it.

    A change of backends alone is none: the portal still leads to the same listener.
    """
    old = {planned.portal: planned.target for planned in before.portals} if before else {}
    new = {planned.portal: planned.target for planned in after.portals} if after else {}
    return tuple(sorted(portal for portal in {**old, **new} if old.get(portal) != new.get(portal)))
