"""One line that says how an execution ended, if its output doesn't show it."""

from podline import CompileResult, Execution, Limit, Limits, Outcome, Result, State


def verdict(execution: Execution) -> str | None:
    """Return the line, or None if the program ended by itself, with whatever exit code."""
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
    match execution.outcome:
        case Outcome.SUCCESS | None:
            return None
        case Outcome.TIME_LIMIT | Outcome.MEMORY_LIMIT | Outcome.OUTPUT_LIMIT:
            return f"stopped at the {_limit(execution.outcome, result, execution.limits)}"
        case Outcome.COMPILE_ERROR:
            return _of_compiler(result.compile)
        case Outcome.WRONG_OUTPUT:
            return "the output differs from the expected output"
        case Outcome.RUNTIME_ERROR:
            return result.signal and f"killed by {result.signal}"
    return f"ended with the outcome {execution.outcome}, which this version of podline doesn't know"


def _limit(outcome: Outcome, result: Result, limits: Limits) -> str:
    """Name the limit that stopped it. An older service doesn't report which time limit."""
    wall = f"{limits.wall_seconds:g} s"
    cpu = f"{limits.cpu_seconds:g} s"
    match result.stopped_by or outcome:
        case Limit.WALL:
            return f"time limit of {wall} (--wall-seconds)"
        case Limit.CPU:
            return f"CPU time limit of {cpu} (--cpu-seconds)"
        case Limit.MEMORY | Outcome.MEMORY_LIMIT:
            return f"memory limit of {limits.memory_mib} MiB (--memory-mib)"
        case Limit.OUTPUT | Outcome.OUTPUT_LIMIT:
            return f"output limit of {limits.output_kib} KiB (--output-kib)"
        case Outcome.TIME_LIMIT:
            return f"time limit of {wall}, or {cpu} of CPU time (--wall-seconds, --cpu-seconds)"
    return f"limit {result.stopped_by}"


def _of_compiler(compiled: CompileResult | None) -> str:
    if compiled is not None and compiled.stopped_by:
        option = f" (--compile-{compiled.stopped_by.replace('_', '-')})"
        known = compiled.stopped_by in Limit.__members__.values()
        limit = f"compile_limits.{compiled.stopped_by}{option if known else ''}"
        return f"a limit stopped the compiler: {limit}"
    return "the program does not compile"
