"""A result becomes what a model reads."""

from typing import Any

from app.domain.execution import Execution, Outcome
from app.domain.report import StageOutput
from app.domain.result import Result
from app.for_models import shortened


def ran(execution: Execution, result: Result) -> dict[str, Any]:
    """How it ended, and the beginning and the end of what it printed."""
    run, output = result.report.run, result.output
    at = f"GET /api/v1/executions/{execution.id}"
    compiler = ""
    if execution.outcome is Outcome.COMPILE_ERROR and output.compile:
        compiler = shortened(_text(output.compile), False, f"{at}/compile/stderr")
    printed = output.run or StageOutput(stdout=b"", stderr=b"")
    return {
        "outcome": execution.outcome,
        "message": execution.message,
        "exit_code": run and run.exit_code,
        "signal": run and run.signal,
        "stdout": shortened(printed.stdout.decode(errors="replace"), False, f"{at}/stdout"),
        "stderr": shortened(printed.stderr.decode(errors="replace"), False, f"{at}/stderr"),
        "compiler": compiler,
        "execution_id": execution.id,
    }


def _text(output: StageOutput) -> str:
    return (output.stdout + output.stderr).decode(errors="replace")
