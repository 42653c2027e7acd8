"""What users get from the whole service over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile

import pytest

from podline import Client, Conflict, NotFound
from podline.streaming import EndEvent, OutputEvent, ResultEvent, StateEvent
from tests.acceptance.setups import Service
from tests.support.waiting import wait_until

HELLO = {
    "python": "print('hello')",
    "javascript": "console.log('hello')",
    "c": '#include <stdio.h>\nint main(void) { puts("hello"); }',
    "cpp": '#include <iostream>\nint main() { std::cout << "hello\\n"; }',
    "bash": "echo hello",
}


@pytest.mark.parametrize("language", sorted(HELLO))
def test_every_language_says_hello(client: Client, language: str) -> None:
    execution = client.run(HELLO[language], language=language)
    assert (execution.state, execution.outcome) == ("completed", "success")
    assert execution.result is not None
    assert (execution.result.stdout, execution.result.exit_code) == ("hello\n", 0)


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("print(input())", "success"),
        ("print('other')", "wrong_output"),
        ("raise SystemExit(3)", "runtime_error"),
        ("import os; os.abort()", "runtime_error"),
        ("while True: pass", "time_limit"),
        ("x = bytearray(100 << 20)", "memory_limit"),
        ("while True: print('x' * 1000)", "output_limit"),
    ],
)
def test_every_outcome(client: Client, source: str, outcome: str) -> None:
    """Only the one that takes too long gets little time: a busy machine is no reason to fail."""
    wall_seconds = 2 if outcome == "time_limit" else 30
    execution = client.run(
        source,
        language="python",
        stdin="hello\n",
        expected_output="hello",
        limits={"wall_seconds": wall_seconds, "memory_mib": 64, "output_kib": 16},
    )
    assert (execution.state, execution.outcome) == ("completed", outcome)


def test_what_does_not_compile(client: Client) -> None:
    execution = client.run("int main(void) { return x; }", language="c")
    assert execution.outcome == "compile_error"
    assert execution.result is not None
    assert execution.result.compile is not None
    assert "undeclared" in execution.result.compile.stderr


def test_a_limit_that_stopped_the_compiler_is_named(client: Client) -> None:
    source = "#include <bits/stdc++.h>\nint main() {}"
    execution = client.run(source, language="cpp", compile_limits={"wall_seconds": 0.1})
    assert execution.outcome == "compile_error"
    assert execution.message == "A limit stopped the compiler: compile_limits.wall_seconds"
    assert execution.result is not None
    assert execution.result.compile is not None
    assert execution.result.compile.stopped_by == "wall_seconds"
    assert execution.result.compile.cpu_ms is not None


def test_lines_before_a_limit_are_kept(client: Client) -> None:
    source = '#include <stdio.h>\nint main(void) { printf("one\\n"); for (;;) ; }'
    execution = client.run(source, language="c", limits={"cpu_seconds": 0.5, "wall_seconds": 60})
    assert execution.outcome == "time_limit"
    assert execution.result is not None
    assert (execution.result.stdout, execution.result.stopped_by) == ("one\n", "cpu_seconds")


def test_arguments_for_the_compiler(client: Client) -> None:
    source = "#include <stdio.h>\nint main(void) { puts(WORD); }"
    execution = client.run(source, language="c", compile_args=['-DWORD="a b"'])
    assert execution.result is not None
    assert execution.result.stdout == "a b\n"


def test_merged_streams_keep_their_order(client: Client) -> None:
    source = "for i in 1 2 3; do echo o$i; echo e$i >&2; done"
    result = client.run(source, language="bash", streams="merged").result
    assert result is not None
    assert (result.stdout, result.stderr) == ("o1\ne1\no2\ne2\no3\ne3\n", "")


def test_byte_order_marks_and_a_dot_and_slash_do_not_matter(client: Client) -> None:
    marked = client.run("\ufeffecho ok", language="bash", expected_output="\ufeffok")
    dotted = client.run(files={"./main.py": "print(1)"}, language="py", entrypoint="./main.py")
    assert (marked.outcome, dotted.outcome) == ("success", "success")
    assert dotted.language == "python"


def test_output_is_streamed_while_the_program_runs(client: Client) -> None:
    """The program waits for no reader, but runs on for seconds after it printed."""
    source = "import time\nprint('first')\ntime.sleep(6)\nprint('second')"
    execution = client.submit(source, language="python")
    events = client.stream(execution.id)
    before = list(takewhile(lambda event: not isinstance(event, OutputEvent), events))
    # Had the output come from the stored result, the execution would be terminal by now.
    # (Seen by its output first, it may not be known as running yet.)
    assert client.get(execution.id).state in ("starting", "running"), "output came while it ran"
    rest = list(events)
    assert {event.state for event in before if isinstance(event, StateEvent)} >= {"queued"}
    printed = b"".join(event.content for event in rest if isinstance(event, OutputEvent))
    assert b"second\n" in printed
    assert isinstance(rest[-2], ResultEvent)
    assert isinstance(rest[-1], EndEvent)


def test_events_tell_the_whole_story(client: Client) -> None:
    execution = client.run("print(1)", language="python")
    events = client.events(execution.id)
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    assert events[0].type == "podline.execution.queued.v1"
    assert events[-1].type == "podline.execution.completed.v1"
    assert "print(1)" not in str(events)


def test_cancelled_it_has_no_result(client: Client) -> None:
    limits = {"wall_seconds": 60}
    execution = client.submit("import time; time.sleep(60)", language="python", limits=limits)
    wait_until(lambda: client.get(execution.id).state == "running")
    client.cancel(execution.id)
    cancelled = client.get(execution.id)
    assert (cancelled.state, cancelled.result) == ("cancelled", None)
    with pytest.raises(Conflict):
        client.cancel(execution.id)


def test_a_retry_is_a_new_execution(client: Client) -> None:
    first = client.run("print(1)", language="python")
    second = client.wait(client.retry(first.id).id)
    assert (second.retry_of, second.state) == (first.id, "completed")
    assert client.get(first.id).retried_as == second.id


def test_deleted_it_is_gone(client: Client) -> None:
    execution = client.run("print(1)", language="python")
    client.delete(execution.id)
    with pytest.raises(NotFound):
        client.get(execution.id)


def test_others_see_nothing_of_it(client: Client) -> None:
    execution = client.run("print(1)", language="python")
    stranger = client.keys.create("stranger", role="user")
    with Client(client.url, stranger.key) as other:
        with pytest.raises(NotFound):
            other.get(execution.id)
        assert list(other.list()) == []


def test_owners_take_turns(client: Client, service: Service) -> None:
    """One owner queues 60 programs; another's single program gets the next free slot.

    Slots may also be taken by programs that were chosen while the single one was being stored, as
    many as become free at once.
    """
    slots = client.queue().slots.total
    crowd = [client.submit("import time; time.sleep(2)", language="python") for _ in range(60)]
    with another_owner(client, service) as other:
        single = other.run("print('hello')", language="python")
    assert single.outcome == "success"
    rows = [client.get(execution.id) for execution in crowd]
    for row in rows:
        with suppress(Conflict):
            client.cancel(row.id)
    assert single.admitted_at is not None
    admitted = [row.admitted_at for row in rows if row.admitted_at is not None]
    waited = len(rows) - sum(at < single.admitted_at for at in admitted)
    assert waited, "the crowd had ended before"
    assert sum(single.created_at < at < single.admitted_at for at in admitted) <= slots


@contextmanager
def another_owner(client: Client, service: Service) -> Iterator[Client]:
    key = client.keys.create("another")
    try:
        with Client(service.url, key.key) as other:
            yield other
    finally:
        client.keys.delete(key.id)
