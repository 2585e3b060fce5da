"""Builds a node's status: settled plans, the listeners that the agent acknowledged, the agent's counters."""

from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from kube_portals.api.portals import ListenerKey
from kube_portals.link.messages import AgentStatus, ListenerCounters, Welcome
from kube_portals.plan.model import Listener, PlannedPortal, Problem, Refusal, ServicePlan
from kube_portals.report.status import (
    AgentInfo,
    BackendStatus,
    NodeFacts,
    NodeStatus,
    PortalState,
    PortalStatus,
    PortBackends,
    ProblemStatus,
    ServiceStatus,
    Traffic,
    total_traffic,
)


class ServiceView(Struct, frozen=True, kw_only=True):
    """One Service as the operator has it.

    `settled` is the plan that is carried out; `wanted` the one before ownership was settled, if it is
    another. `applied`: the kernel has acknowledged the plan.
    """

    type: str
    settled: ServicePlan
    wanted: ServicePlan | None = None
    applied: bool = True


def build_status(
    facts: NodeFacts,
    *,
    services: Iterable[ServiceView],
    bound: Mapping[ListenerKey, tuple[str, int]],
    welcome: Welcome | None = None,
    counters: AgentStatus | None = None,
) -> NodeStatus:
    """Put the status together.

    Args:
        facts: What is not of a Service and not of the agent.
        services: All Services, in any order.
        bound: The address and proxy port of each listener that the agent acknowledged.
        welcome: The agent that is connected; None where none is.
        counters: Its newest counters; None where it has not told any.
    """
    seen = {each.key: each for each in counters.listeners} if counters else {}
    statuses = [_service_status(view, bound, seen) for view in services]
    return NodeStatus(
        **structs.asdict(facts),
        agent=_agent_info(welcome, counters, listeners=len(bound)),
        services=tuple(sorted(statuses, key=lambda status: (status.namespace, status.name))),
    )


def _agent_info(welcome: Welcome | None, counters: AgentStatus | None, *, listeners: int) -> AgentInfo:
    if welcome is None:
        return AgentInfo()
    if counters is None:
        return AgentInfo(connected=True, pid=welcome.pid, listeners=listeners)
    return AgentInfo(
        connected=True,
        pid=welcome.pid,
        workers=counters.workers,
        listeners=listeners,
        draining=counters.draining,
        descriptors_used=counters.descriptors_used,
        descriptors_limit=counters.descriptors_limit,
        descriptors_exhausted=counters.descriptors_exhausted,
        upstream_ports_exhausted=counters.upstream_ports_exhausted,
    )


def _service_status(
    view: ServiceView,
    bound: Mapping[ListenerKey, tuple[str, int]],
    seen: Mapping[ListenerKey, ListenerCounters],
) -> ServiceStatus:
    plan = view.settled
    kept = {planned.portal for planned in plan.portals}
    lost = [planned for planned in view.wanted.portals if planned.portal not in kept] if view.wanted else []
    backends = tuple(_port_backends(listener, seen.get(listener.key)) for listener in plan.listeners)
    return ServiceStatus(
        namespace=plan.service.namespace,
        name=plan.service.name,
        type=view.type,
        portals=(
            *(_portal_status(planned, bound, applied=view.applied) for planned in plan.portals),
            *(_as_status(planned, PortalState.CONFLICT) for planned in lost),
        ),
        backends=backends,
        traffic=total_traffic(each.traffic for each in backends),
        problems=tuple(_problem_status(problem) for problem in plan.problems),
    )


def _portal_status(
    planned: PlannedPortal, bound: Mapping[ListenerKey, tuple[str, int]], *, applied: bool
) -> PortalStatus:
    if not applied:
        return _as_status(planned, PortalState.PENDING)
    match planned.target:
        case Refusal.REJECT:
            return _as_status(planned, PortalState.REJECTED)
        case Refusal.DROP:
            return _as_status(planned, PortalState.DROPPED)
        case ListenerKey() as key if key in bound:
            return _as_status(planned, PortalState.PROXIED, bound[key])
        case _:
            return _as_status(planned, PortalState.PENDING)


def _as_status(planned: PlannedPortal, state: PortalState, proxy: tuple[str, int] = ("", 0)) -> PortalStatus:
    portal = planned.portal
    proxy_address, proxy_port = proxy
    return PortalStatus(
        portal=str(portal),
        address=portal.address,
        port=portal.port,
        node_port=portal.port if portal.is_node_port else 0,
        protocol=portal.protocol,
        family=portal.family,
        service_port=str(planned.service_port),
        state=state,
        proxy_address=proxy_address,
        proxy_port=proxy_port,
    )


def _port_backends(listener: Listener, seen: ListenerCounters | None) -> PortBackends:
    key = listener.key
    counted = {each.backend: each for each in seen.backends} if seen else {}
    backends = [
        BackendStatus(
            address=backend.address,
            port=backend.port,
            open=counted[backend].open,
            total=counted[backend].total,
            failures=counted[backend].failures,
        )
        if backend in counted
        else BackendStatus(address=backend.address, port=backend.port)
        for backend in listener.backends
    ]
    return PortBackends(
        service_port=str(key.service_port),
        port_name=key.service_port.port_name,
        protocol=key.service_port.protocol,
        family=key.family,
        backend_set=key.backend_set,
        traffic=_traffic(seen) if seen else Traffic(),
        backends=tuple(backends),
    )


def _traffic(seen: ListenerCounters) -> Traffic:
    return Traffic(
        open=seen.open,
        total=seen.total,
        failed=seen.failed,
        bytes_in=seen.bytes_in,
        bytes_out=seen.bytes_out,
    )


def _problem_status(problem: Problem) -> ProblemStatus:
    return ProblemStatus(reason=problem.reason, message=problem.message)
