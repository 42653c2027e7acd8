"""The chain of an execution: admit ▸ start the attempt ▸ create the pod ▸ poll ▸ persist."""

from collections.abc import Mapping
from typing import Final

from app.domain.execution import TERMINAL, State

ADMIT: Final = "podline.admission.admit"
START: Final = "podline.saga.step"
"""The saga's first step. Everything but the task, whose name stays, calls it `start`."""
CREATE: Final = "podline.pods.create"
POLL: Final = "podline.monitor.poll"
PERSIST: Final = "podline.results.persist"
COMPENSATE: Final = "podline.saga.compensate"
"""Names of the steps. Celery's tasks have the same names, so none may change."""

DELIVER: Final = "podline.results.deliver"
"""The tick that sends callbacks, which is no step of the chain."""
SWEEP: Final = "podline.saga.sweep"
"""The tick that continues what was forgotten."""

CHAIN: Final = (ADMIT, START, CREATE, POLL, PERSIST)

CHAIN_FROM: Final[Mapping[State, tuple[str, ...]]] = {
    State.QUEUED: CHAIN,
    State.ADMITTED: CHAIN[1:],
    State.STARTING: CHAIN[2:],
    State.RUNNING: CHAIN[3:],
    State.FINISHED: CHAIN[4:],
    **dict.fromkeys(TERMINAL, (COMPENSATE,)),
}
"""The rest of the chain, beginning with the step that the state calls for."""
