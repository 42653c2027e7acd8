"""Each line is available once it is printed, whatever happens to the program afterwards."""

from dataclasses import replace
from typing import Final

import pytest

from app.domain.execution import Outcome
from app.domain.policy import DEFAULT_LIMITS, MAX_LIMITS
from app.domain.submission import Buffering
from tests.sandbox.test_languages import not_installed
from tests.support.judging import judge
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, language
from tests.support.waiting import wait_until

PRINT_AND_HANG: Final = {
    "python": "import time\nprint('one')\ntime.sleep(60)",
    "javascript": "console.log('one'); setTimeout(() => {}, 60000)",
    "typescript": "console.log('one'); setTimeout(() => {}, 60000)",
    "c": '#include <stdio.h>\n#include <unistd.h>\nint main(void) { printf("one\\n"); sleep(60); }',
    "cpp": "#include <iostream>\n#include <unistd.h>\n"
    'int main() { std::cout << "one\\n"; sleep(60); }',
    "java": "class M { public static void main(String[] a) throws Exception {"
    ' System.out.println("one"); Thread.sleep(60000); } }',
    "go": 'package main\nimport ("fmt"; "time")\n'
    'func main() { fmt.Println("one"); time.Sleep(time.Minute) }',
    "rust": 'fn main() { println!("one"); std::thread::sleep(std::time::Duration::from_secs(60)) }',
    "ruby": "puts 'one'\nsleep 60",
    "php": '<?php echo "one\\n"; sleep(60);',
    "perl": 'print "one\\n"; sleep 60;',
    "bash": "echo one; sleep 60",
    "lua": "print('one') while true do end",
    "r": "cat('one\\n'); Sys.sleep(60)",
}
UNHURRIED: Final = replace(DEFAULT_LIMITS, wall_seconds=MAX_LIMITS.wall_seconds)


@pytest.mark.parametrize("name", PRINT_AND_HANG)
def test_a_line_is_seen_while_the_program_runs(sandbox: SandboxDaemon, name: str) -> None:
    found = [each for each in sandbox.runtime.languages() if each.name == name]
    if not found:
        not_installed(name)
    assert all(each.line_buffering for each in found)
    pod = a_pod(found[0], PRINT_AND_HANG[name], limits=UNHURRIED, compile_limits=MAX_LIMITS)
    sandbox.runtime.create(pod)

    wait_until(lambda: bool(sandbox.runtime.follow(pod.name, 0)), within=60)

    assert sandbox.runtime.follow(pod.name, 0)[0].content == b"one\n"
    sandbox.runtime.delete(pod.name)


@pytest.mark.parametrize(
    ("name", "source", "outcome", "signal"),
    [
        (
            "c",
            '#include <stdio.h>\nint main(void) { printf("one\\n"); for (;;) ; }',
            Outcome.TIME_LIMIT,
            "SIGKILL",
        ),
        (
            "cpp",
            '#include <cstdio>\nint main() { std::printf("one\\n"); *(volatile int *)8 = 1; }',
            Outcome.RUNTIME_ERROR,
            "SIGSEGV",
        ),
        ("perl", 'print "one\\n"; 1 while 1;', Outcome.TIME_LIMIT, "SIGKILL"),
        ("python", "print('one')\nwhile True: pass", Outcome.TIME_LIMIT, "SIGKILL"),
        ("ruby", "puts 'one'\nloop {}", Outcome.TIME_LIMIT, "SIGKILL"),
        (
            "python",
            "import os\nprint('one')\nos.kill(os.getpid(), 11)",
            Outcome.RUNTIME_ERROR,
            "SIGSEGV",
        ),
    ],
)
def test_lines_before_a_limit_or_a_crash_are_kept(
    sandbox: SandboxDaemon, name: str, source: str, outcome: Outcome, signal: str
) -> None:
    limits = replace(UNHURRIED, cpu_seconds=0.2)

    observation, output = sandbox.run(name, source, limits=limits)

    verdict = judge(observation, None, output)
    assert (verdict.outcome, verdict.signal) == (outcome, signal)
    assert output.run
    assert output.run.stdout == b"one\n"


def test_blocks_are_left_to_the_language(sandbox: SandboxDaemon) -> None:
    """So the output of a program that is killed before it writes a block is lost."""
    source = "import os\nprint('one')\nos.kill(os.getpid(), 9)"

    _, output = sandbox.run("python", source, buffering=Buffering.BLOCK)

    assert output.run
    assert output.run.stdout == b""


def test_many_prints_that_a_judge_reads_cost_what_they_cost_without_a_sandbox(
    sandbox: SandboxDaemon,
) -> None:
    """By CPU time: for each line, they would cost three times as much."""
    limits = replace(UNHURRIED, output_kib=1024)
    source = "for i in range(100_000): print(i)"
    to_file = f"import sys\nsys.stdout = open('/tmp/out', 'w')\n{source}"

    def cpu_us(source: str) -> int:
        observation, output = sandbox.run(
            "python", source, limits=limits, buffering=Buffering.BLOCK
        )
        assert judge(observation, None, output).outcome is Outcome.SUCCESS
        assert observation.report
        assert observation.report.run
        assert observation.report.run.cpu_us
        return observation.report.run.cpu_us

    assert cpu_us(source) <= 2 * min(cpu_us(to_file) for _ in range(3))


def test_libraries_and_folders_of_the_program_s_own_stay(sandbox: SandboxDaemon) -> None:
    """Ours comes first in each list of paths, and hides nothing."""
    source = "import os, sys\nprint([p for p in sys.path if 'podline' in p], sys.path[1:3])"

    _, output = sandbox.run("python", source, env={"PYTHONPATH": "/srv/lib:/x"})

    assert output.run
    assert output.run.stdout == b"[] ['/srv/lib', '/x']\n"


def test_a_sitecustomize_of_the_program_s_own_is_run(sandbox: SandboxDaemon) -> None:
    bash = language(sandbox.runtime, "python")
    pod = a_pod(bash)
    files = (
        type(pod.files[0])("main.py", b"import sys, sitecustomize\nprint(sys.mine)"),
        type(pod.files[0])("lib/sitecustomize.py", b"import sys\nsys.mine = __file__"),
    )

    _, output = sandbox.run("python", "", files=files, env={"PYTHONPATH": "lib"})

    assert output.run
    assert output.run.stdout.endswith(b"lib/sitecustomize.py\n"), output.run.stderr


def test_a_library_of_the_program_s_own_is_preloaded_too(sandbox: SandboxDaemon) -> None:
    """The loader names a library that it does not find, and then continues."""
    source = (
        "#include <stdio.h>\n#include <stdlib.h>\n"
        'int main(void) { puts(getenv("LD_PRELOAD")); *(volatile int *)8 = 1; }'
    )

    _, output = sandbox.run("c", source, env={"LD_PRELOAD": "/no/such.so"})

    assert output.run
    assert output.run.stdout == b"/etc/podline/line.so:/no/such.so\n"
    assert b"/no/such.so" in output.run.stderr
    assert b"line.so" not in output.run.stderr


@pytest.mark.parametrize("closed", [">&-", ">/dev/full"])
def test_a_stream_that_can_t_be_written_to_is_the_program_s_affair(
    sandbox: SandboxDaemon, closed: str
) -> None:
    source = f"python3 -c 'import sys; sys.stderr.write(\"ok\")' {closed}"

    _, output = sandbox.run("bash", source, env={"PYTHONPATH": "/etc/podline"})

    assert output.run
    assert output.run.stderr == b"ok"


@pytest.mark.parametrize("path", ["line.so", "sitecustomize.py", "new.py", "__pycache__/new.pyc"])
def test_our_files_can_t_be_changed(sandbox: SandboxDaemon, path: str) -> None:
    _, output = sandbox.run("bash", f"echo oh >> /etc/podline/{path} || echo refused")

    assert output.run
    assert output.run.stdout == b"refused\n"
