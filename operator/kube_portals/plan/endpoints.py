"""The usable backends of a Service port, out of all slices of its Service."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from kube_portals.api.objects import HEADLESS_LABEL, Conditions, Endpoint, EndpointSlice
from kube_portals.api.portals import Backend, Family, Protocol, ServicePort
from kube_portals.plan.addresses import read_address
from kube_portals.plan.model import Problem, Reason


class Endpoints(Struct, frozen=True):
    """The backends of one Service port in one family, in a stable order, and what was refused."""

    backends: tuple[Backend, ...] = ()
    problems: tuple[Problem, ...] = ()


def usable_backends(
    service_port: ServicePort,
    family: Family,
    slices: Iterable[EndpointSlice],
    *,
    whose: Callable[[str], str],
) -> Endpoints:
    """The backends that new connections may go to: the ready ones, or else those that leave but still serve.

    So kube-proxy decides (CategorizeEndpoints, KEP-1669), for each Service port alone. An endpoint in two
    slices (it is being moved) counts once, and as ready if either slice says so.

    Args:
        service_port: The endpoint port is matched by its name and protocol: the pods behind a named
            targetPort may have different numbers, and then they are in different slices.
        family: Slices of the other family and of FQDNs are ignored.
        slices: All slices of the Service, in any order.
        whose: Tells of an address what it is if not a pod's ("a clusterIP"); empty where it may be one.
            The relay must never dial a portal.
    """
    ready: set[Backend] = set()
    leaving: set[Backend] = set()
    flaws: set[tuple[str, str]] = set()
    for endpoint_slice in slices:
        name = str(endpoint_slice.key)
        numbers = _port_numbers(endpoint_slice, service_port, family)
        valid = {number for number in numbers if 1 <= number <= 65535}
        flaws |= {(name, f"endpoint port {number}; expected 1 to 65535") for number in numbers - valid}
        for endpoint in endpoint_slice.endpoints or () if valid else ():
            is_ready, is_leaving = _condition(endpoint.conditions)
            if not (is_ready or is_leaving):
                continue
            address, flaw = _address(endpoint, family, whose)
            if flaw:
                flaws.add((name, flaw))
            else:
                (ready if is_ready else leaving).update(Backend(address, number) for number in valid)
    return Endpoints(
        backends=tuple(sorted(ready or leaving)),
        problems=tuple(
            Problem(service_port.service, Reason.BACKEND_REFUSED, f"EndpointSlice {name}: {flaw}")
            for name, flaw in sorted(flaws)
        ),
    )


def _port_numbers(endpoint_slice: EndpointSlice, service_port: ServicePort, family: Family) -> frozenset[int]:
    """The targetPorts of a slice for a Service port; none where the slice is not for it."""
    if endpoint_slice.address_type != family or HEADLESS_LABEL in endpoint_slice.metadata.labels:
        return frozenset()
    return frozenset(
        port.port
        for port in endpoint_slice.ports or ()
        if port.port is not None  # null is "any port", which only other consumers of slices understand
        and (port.name or "") == service_port.port_name
        and (port.protocol or Protocol.TCP) == service_port.protocol
    )


def _condition(conditions: Conditions) -> tuple[bool, bool]:
    """Whether an endpoint is ready, and whether it leaves but still serves."""
    ready = conditions.ready is None or conditions.ready
    serving = ready if conditions.serving is None else conditions.serving
    return ready, serving and bool(conditions.terminating)


def _address(endpoint: Endpoint, family: Family, whose: Callable[[str], str]) -> tuple[str, str]:
    """The address of an endpoint and, where it is refused, the reason.

    Only the first address counts: the API gives no meaning to more, and kube-proxy does not look at them.
    """
    if not endpoint.addresses:
        return "", "an endpoint has no address; expected the address of a pod or host"
    text = endpoint.addresses[0]
    address = read_address(text)
    if address is None or address.family is not family:
        return "", f"backend address {text!r} is no {family} address, as the slice's addressType says"
    what = address.flaw or whose(address.text)
    if what:
        return "", f"backend address {address.text} is {what}; expected the address of a pod or host"
    return address.text, ""
