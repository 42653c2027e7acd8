"""A program in each language, followed through each step of its execution."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from time import monotonic
from typing import Final

from app.cli.failure import explained
from podline import (
    Client,
    Event,
    Execution,
    Language,
    Outcome,
    PodlineError,
    State,
    Unavailable,
    WaitTimeout,
)

PATIENCE_SECONDS: Final = 120.0
"""How long all programs together may take."""
PRINTED: Final = "podline\n"
SOURCES: Final = {
    "bash": "echo podline",
    "c": '#include <stdio.h>\nint main(void) { puts("podline"); return 0; }\n',
    "cpp": '#include <iostream>\nint main() { std::cout << "podline\\n"; }\n',
    "go": 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("podline") }\n',
    "java": 'class Main { public static void main(String[] a) { System.out.println("podline"); } }',
    "javascript": 'console.log("podline")',
    "lua": 'print("podline")',
    "perl": 'print "podline\\n";',
    "php": '<?php echo "podline\\n";',
    "python": 'print("podline")',
    "r": 'cat("podline\\n")',
    "ruby": 'puts "podline"',
    "rust": 'fn main() { println!("podline"); }',
    "typescript": 'console.log("podline")',
}
"""Each prints one line. A language that an operator added has none."""
TURN: Final = {
    State.QUEUED: "it waits for a slot, or for the coordinator (queue admission)",
    State.ADMITTED: "it waits for the saga orchestrator (queue saga)",
    State.STARTING: "it waits for the pod creator (queue pods), or its pod for room",
    State.RUNNING: "it runs, or waits for the pod monitor (queue monitor)",
    State.FINISHED: "it waits for the result processor (queue results)",
}
"""What an execution in each state waits for."""


def follow(client: Client, languages: Sequence[Language]) -> Iterator[tuple[str, bool, str]]:
    """The name of each check, whether it is well, and what was seen.

    All programs are submitted first, so that they run side by side. If the service takes none at
    present, only one is: each would be tried as often.
    """
    deadline = monotonic() + PATIENCE_SECONDS
    started = []
    for language in languages:
        if language.name in SOURCES:
            started.append((language, _started(client, language)))
            if isinstance(started[-1][1], Unavailable):
                break
    for language, execution in started:
        name = f"program {language.name} {language.version}"
        if isinstance(execution, PodlineError):
            yield name, False, explained(execution)
        else:
            try:
                yield name, *_followed(client, execution, deadline)
            except PodlineError as error:
                yield name, False, explained(error)


def _started(client: Client, language: Language) -> Execution | PodlineError:
    try:
        return client.submit(
            SOURCES[language.name], language=language.name, version=language.version
        )
    except PodlineError as error:
        return error


def _followed(client: Client, execution: Execution, deadline: float) -> tuple[bool, str]:
    try:
        ended = client.wait(execution.id, timeout=max(deadline - monotonic(), 0.1))
    except WaitTimeout:
        return False, _stuck(client, client.get(execution.id))
    steps = _steps(client.events(execution.id))
    found = _verdict(ended)
    client.delete(execution.id)
    return found is None, steps if found is None else f"{found} ({steps})"


def _verdict(ended: Execution) -> str | None:
    """What is wrong with the end of the execution, or None."""
    if ended.outcome is not Outcome.SUCCESS:
        return f"{ended.outcome or ended.state}: {ended.message or 'no message'}"
    printed = ended.result and ended.result.stdout
    return None if printed == PRINTED else f"it printed {printed!r} instead of {PRINTED!r}"


def _stuck(client: Client, execution: Execution) -> str:
    """Where it waits. It is cancelled."""
    turn = TURN.get(execution.state, "it has ended just now")
    client.cancel(execution.id)
    return f"{execution.id} is still {execution.state} after {PATIENCE_SECONDS:.0f} s: {turn}"


def _steps(events: Sequence[Event]) -> str:
    """How long each step took, by the times of the events."""
    pairs = pairwise(events)
    return ", ".join(
        f"{_state(after)} +{(after.time - before.time).total_seconds() * 1000:.0f} ms"
        for before, after in pairs
    )


def _state(event: Event) -> str:
    """Events are named `podline.execution.<state>.v1`."""
    return event.type.split(".")[2]
