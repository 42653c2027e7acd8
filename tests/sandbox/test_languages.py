"""Every language, with all that a program can be given and all that it can do with it."""

from dataclasses import dataclass, replace

import pytest

from app.domain.policy import DEFAULT_LIMITS
from app.domain.submission import File
from tests.sandbox_daemon import SandboxDaemon

BINARY = bytes(range(256))


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Programs that do the same in each language."""

    echo: str
    """Prints its arguments, a line each, then the variable WORD, then all of stdin."""
    files: dict[str, str]
    """Prints 42, which one file takes from another."""
    entrypoint: str
    binary: str
    """Prints every byte there is, in order."""
    fails: str
    """Prints `before` and ends with exit code 7."""
    broken: str | None = None
    """Does not compile."""


PYTHON = Samples(
    echo=(
        "import os, sys\n"
        "print(*sys.argv[1:], sep='\\n')\n"
        "print(os.environ['WORD'])\n"
        "print(sys.stdin.read(), end='')\n"
    ),
    files={
        "main.py": "from lib.answer import VALUE\nprint(VALUE)\n",
        "lib/answer.py": "VALUE = 42",
    },
    entrypoint="main.py",
    binary="import sys\nsys.stdout.buffer.write(bytes(range(256)))",
    fails="print('before')\nraise SystemExit(7)",
)
JAVASCRIPT = Samples(
    echo=(
        "for (const argument of process.argv.slice(2)) console.log(argument)\n"
        "console.log(process.env.WORD)\n"
        "process.stdout.write(require('fs').readFileSync(0))\n"
    ),
    files={
        "main.js": "console.log(require('./lib/answer').value)",
        "lib/answer.js": "exports.value = 42",
    },
    entrypoint="main.js",
    binary="process.stdout.write(Buffer.from([...Array(256).keys()]))",
    fails="console.log('before')\nprocess.exitCode = 7",
)
C_ECHO = """
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) puts(argv[i]);
    puts(getenv("WORD"));
    for (int c; (c = getchar()) != EOF;) putchar(c);
}
"""
C = Samples(
    echo=C_ECHO,
    files={
        "main.c": '#include <stdio.h>\n#include "lib/answer.h"\n'
        'int main(void) { printf("%d\\n", answer()); }',
        "lib/answer.h": "int answer(void);",
        "lib/answer.c": '#include "answer.h"\nint answer(void) { return 42; }',
    },
    entrypoint="main.c",
    binary="#include <stdio.h>\nint main(void) { for (int i = 0; i < 256; i++) putchar(i); }",
    fails='#include <stdio.h>\nint main(void) { puts("before"); return 7; }',
    broken="int main(void) { return nothing; }",
)
CPP = Samples(
    echo=C_ECHO,
    files={
        "main.cpp": '#include <iostream>\n#include "lib/answer.hpp"\n'
        "int main() { std::cout << answer() << std::endl; }",
        "lib/answer.hpp": "int answer();",
        "lib/answer.cc": '#include "answer.hpp"\nint answer() { return 42; }',
    },
    entrypoint="main.cpp",
    binary="#include <iostream>\nint main() { for (int i = 0; i < 256; i++) std::cout.put(i); }",
    fails='#include <iostream>\nint main() { std::cout << "before\\n"; return 7; }',
    broken="int main() { return nothing; }",
)
BASH = Samples(
    echo='printf "%s\\n" "$@" "$WORD"\ncat',
    files={"main.sh": ". lib/answer.sh\necho $VALUE", "lib/answer.sh": "VALUE=42"},
    entrypoint="main.sh",
    binary='for i in {0..255}; do printf "\\\\x$(printf %x $i)"; done',
    fails="echo before\nexit 7",
)
SAMPLES = {"python": PYTHON, "javascript": JAVASCRIPT, "c": C, "cpp": CPP, "bash": BASH}

each_language = pytest.mark.parametrize("name", SAMPLES)


@each_language
def test_it_gets_arguments_environment_and_stdin(sandbox: SandboxDaemon, name: str) -> None:
    arguments = ("plain", "two words", "", "-x", "größe $HOME `id`\n;'\"")

    _, output = sandbox.run(
        name, SAMPLES[name].echo, args=arguments, env={"WORD": "日本"}, stdin="žluťoučký\n".encode()
    )

    assert output.run
    expected = "".join(f"{argument}\n" for argument in arguments) + "日本\nžluťoučký\n"
    assert output.run.stdout.decode() == expected
    assert output.run.stderr == b""


@each_language
def test_stdin_is_whole_up_to_its_maximum(sandbox: SandboxDaemon, name: str) -> None:
    stdin = b"0123456789abcde\n" * (256 * 1024 // 16)

    _, output = sandbox.run(
        name,
        SAMPLES[name].echo,
        env={"WORD": "w"},
        stdin=stdin,
        limits=replace(DEFAULT_LIMITS, output_kib=512),
    )

    assert output.run
    assert output.run.stdout.endswith(b"w\n" + stdin)


@each_language
def test_it_may_have_several_files(sandbox: SandboxDaemon, name: str) -> None:
    samples = SAMPLES[name]
    files = tuple(File(path, content.encode()) for path, content in samples.files.items())

    _, output = sandbox.run(name, "", files=files, entrypoint=samples.entrypoint)

    assert output.run
    assert (output.run.stdout, output.run.stderr) == (b"42\n", b"")


@each_language
def test_its_output_is_kept_byte_by_byte(sandbox: SandboxDaemon, name: str) -> None:
    _, output = sandbox.run(name, SAMPLES[name].binary)

    assert output.run
    assert output.run.stdout == BINARY


@each_language
def test_its_exit_code_and_what_it_printed_before_are_kept(
    sandbox: SandboxDaemon, name: str
) -> None:
    observation, output = sandbox.run(name, SAMPLES[name].fails)

    assert observation.report
    assert observation.report.run
    assert observation.report.run.exit_code == 7
    assert output.run
    assert output.run.stdout == b"before\n"


@pytest.mark.parametrize("name", ["c", "cpp"])
def test_a_compile_error_is_told_and_nothing_runs(sandbox: SandboxDaemon, name: str) -> None:
    broken = SAMPLES[name].broken
    assert broken

    observation, output = sandbox.run(name, broken)

    assert observation.report
    assert observation.report.compile
    assert observation.report.compile.exit_code == 1
    assert observation.report.run is None
    assert output.compile
    assert b"nothing" in output.compile.stderr
    assert output.run is None


@pytest.mark.parametrize("name", ["c", "cpp"])
def test_compiling_has_a_report_of_its_own(sandbox: SandboxDaemon, name: str) -> None:
    observation, output = sandbox.run(name, '#warning "look"\nint main(void) { return 0; }')

    assert observation.report
    assert observation.report.compile
    assert observation.report.compile.exit_code == 0
    assert observation.report.run
    assert observation.report.run.exit_code == 0
    assert output.compile
    assert b"look" in output.compile.stderr
    assert output.run
    assert output.run.stderr == b""


def test_a_file_that_is_not_utf_8_reaches_the_program(sandbox: SandboxDaemon) -> None:
    files = (File("main.sh", b"cat data"), File("data", BINARY))

    _, output = sandbox.run("bash", "", files=files)

    assert output.run
    assert output.run.stdout == BINARY


def test_streams_can_be_opened_by_name(sandbox: SandboxDaemon) -> None:
    source = "cat /dev/stdin > /dev/stderr; echo out > /dev/stdout; cat <(echo other)"

    _, output = sandbox.run("bash", source, stdin=b"in\n")

    assert output.run
    assert output.run.stderr == b"in\n"
    assert output.run.stdout == b"out\nother\n"
