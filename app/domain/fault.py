"""Why attempts end without a verdict."""

from enum import StrEnum


class Fault(StrEnum):
    """What ended an attempt. The value is for metrics, and `text` for people."""

    text: str

    def __new__(cls, value: str, text: str) -> "Fault":
        made = str.__new__(cls, value)
        made._value_ = value
        made.text = text
        return made

    RUNTIME = "runtime", "the runtime lost the program"
    POD_GONE = "pod_gone", "the program's pod is gone"
    START_DEADLINE = "start_deadline", "the program did not start before its start deadline"
    TIME_LIMIT = "overdue", "the runtime did not end the program at its time limit"
    PROGRAM_GONE = "program_gone", "the stored program no longer exists"
    OUTPUT_LOST = "output_lost", "the program's output was lost"
    NOT_STORED = "not_stored", "the program's output was lost before it was stored"
    CHECKER = "checker", "the checker failed"
    REFUSED = "refused", "the runtime refused the pod"
    HOST_GONE = "host_gone", "the sandbox host is gone"
    TRIES = "tries", "a step did not succeed"
    NO_ROOM = "no_room", "there is no room for its pod"
