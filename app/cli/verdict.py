"""One line for what became of an execution, where its output does not say it."""

from podline import Execution, Outcome, Result, State


def verdict(execution: Execution) -> str | None:
    """None where the program ended by itself, whatever its exit code."""
    match execution.state:
        case State.CANCELLED:
            return f"execution {execution.id} was cancelled"
        case State.FAILED:
            return (
                f"the service could not run execution {execution.id}, "
                f"attempt {execution.attempt}: {execution.message or 'no reason was given'}"
            )
    if execution.result is None:
        return None
    return _of_program(execution, execution.result)


def _of_program(execution: Execution, result: Result) -> str | None:
    limits = execution.limits
    match execution.outcome:
        case Outcome.TIME_LIMIT:
            return (
                f"stopped at the time limit: {limits.wall_seconds:g} s, "
                f"of CPU {limits.cpu_seconds:g} s (--wall-seconds, --cpu-seconds)"
            )
        case Outcome.MEMORY_LIMIT:
            return f"stopped at the memory limit of {limits.memory_mib} MiB (--memory-mib)"
        case Outcome.OUTPUT_LIMIT:
            return f"stopped at the output limit of {limits.output_kib} KiB (--output-kib)"
        case Outcome.COMPILE_ERROR:
            return "the program does not compile"
        case Outcome.WRONG_OUTPUT:
            return "the output is not the expected one"
        case Outcome.RUNTIME_ERROR if result.signal:
            return f"ended by {result.signal}"
    return None
