"""Which hosts create an attempt's pod, where hosts offer different languages.

Admission gives each slot in a group. Everything here is about what changes between then and the
pod: hosts come, go, and offer other languages.
"""

from typing import Final

from app.domain.execution import Execution, State
from app.domain.hosts import able
from app.domain.language import all_run
from app.ports import Fleet, Hosts, Pipeline, Ports
from app.service.admission import entry_of
from app.service.giving_back import give_back
from app.service.transitions import start_chain

BATCH: Final = 200
"""Slots of unknown groups that one tick of the sweep looks at."""


def left_to_a_group(ports: Ports, execution: Execution) -> bool:
    """Whether only some hosts can create the pod, and one of them is to do it.

    Raises CoordinationUnavailable.
    """
    if ports.fleet is None:
        return False
    groups = ports.fleet.hosts.groups()
    if len(groups) == 1 and all_run(execution.languages, groups[0].languages):
        return False
    leave_to_hosts(ports, ports.fleet, execution)
    return True


def leave_to_hosts(
    ports: Ports, fleet: Fleet, execution: Execution, *, avoid: str | None = None
) -> None:
    """Have a host create the pod of an attempt that is on none.

    It is one of the group in which the attempt has its slot. If that group is gone, the attempt
    gives its slot back and waits in the queue. If the group is to be avoided and there is another,
    the slot moves there, above its cap if necessary. Raises CoordinationUnavailable.
    """
    groups = fleet.hosts.groups()
    fit = able(groups, execution.languages)
    others = [group for group in fit if avoid is not None and group.name != avoid]
    name = ports.admission.group(execution.id)
    if others:
        name = max(others, key=lambda group: group.slots).name
        ports.admission.hold(entry_of(execution), ports.clock(), name)
    if name in {group.name for group in fit}:
        group = name if len(groups) > 1 else None
        start_chain(ports.pipeline, execution.id, execution.state, group=group)
    else:
        give_back(ports, execution, "the hosts that offer its languages are gone")


def regroup(ports: Ports, fleet: Fleet) -> None:
    """Find out of which group each slot is whose group is gone or was never known.

    Until then it counts in each, so that nothing is admitted for which there is no slot. Slots of
    hosts that are lost are released when their attempts end. Raises CoordinationUnavailable.
    """
    sizes = fleet.hosts.sizes()
    if not sizes:
        return
    for execution_id in ports.admission.strays({size.group for size in sizes.values()}, BATCH):
        row = ports.store.executions.get(execution_id)
        if row is None or not row.state.holds_slot:
            continue
        if row.place is None:
            if row.state is State.STARTING:
                leave_to_hosts(ports, fleet, row)
        elif row.place in sizes:
            ports.admission.hold(entry_of(row), ports.clock(), sizes[row.place].group)


def forget_group(pipeline: Pipeline, hosts: Hosts, group: str) -> None:
    """Remove the queue of a group without hosts. The sweep sends what was there to another group.

    Raises CoordinationUnavailable and BrokerUnavailable.
    """
    if group not in {size.group for size in hosts.sizes().values()}:
        pipeline.forget_group(group)
