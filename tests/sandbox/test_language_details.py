"""What users expect of a particular language."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.policy import DEFAULT_LIMITS, Policy
from app.domain.report import StageReport
from app.domain.submission import File
from tests.sandbox.test_languages import not_installed, stage
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, language
from tests.support.waiting import wait_until


def run(sandbox: SandboxDaemon, name: str, source: str, **facts: Any) -> tuple[StageReport, str]:
    """How it ended, and everything that compiler and program printed."""
    if name not in {found.name for found in sandbox.runtime.languages()}:
        not_installed(name)
    needs = language(sandbox.runtime, name).compile_needs
    compile_limits = Policy().compile_limits({}, needs).default
    observation, output = sandbox.run(name, source, compile_limits=compile_limits, **facts)
    printed = [each for each in (output.compile, output.run) if each]
    text = b"".join(each.stdout + each.stderr for each in printed).decode()
    return stage(observation, compiled=output.run is None), text


def sources(**contents: str) -> dict[str, Any]:
    """The first of them is the entrypoint; `__` stands for a dot and `_in_` for a slash."""
    names = [name.replace("_in_", "/").replace("__", ".") for name in contents]
    files = [File(name, text.encode()) for name, text in zip(names, contents.values(), strict=True)]
    return {"files": tuple(files), "entrypoint": names[0]}


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("public class Solution {\n  %s\n}", marks=pytest.mark.long),
        pytest.param("package a.b;\npublic class Main {\n  %s\n}", marks=pytest.mark.long),
        "interface Shape { }\nrecord Square(int side) implements Shape { }\nclass Start { %s }",
    ],
)
def test_java_starts_the_class_that_has_main(sandbox: SandboxDaemon, source: str) -> None:
    main = 'public static void main(String[] args) { System.out.println("ok"); }'

    _, printed = run(sandbox, "java", source % main)

    assert printed == "ok\n"


def test_java_s_own_words_name_the_file_after_its_class(sandbox: SandboxDaemon) -> None:
    _, printed = run(sandbox, "java", "public class Solution {\n  int x = no;\n}")

    assert printed.startswith("Solution.java:2: error: cannot find symbol")


def test_java_starts_a_class_of_a_package_from_a_folder_above_it(sandbox: SandboxDaemon) -> None:
    main = "public static void main(String[] a) { System.out.println(Other.WORD); }"
    files = sources(
        src_in_a_in_Start__java=f"package a; public class Start {{ {main} }}",
        src_in_a_in_Other__java='package a; class Other { static final String WORD = "ok"; }',
    )

    _, printed = run(sandbox, "java", "", **files)

    assert printed == "ok\n"


def test_go_compiles_a_program_that_is_named_as_a_test(sandbox: SandboxDaemon) -> None:
    files = sources(sum_test__go='package main\nfunc main() { println("ok") }')

    _, printed = run(sandbox, "go", "", **files)

    assert printed == "ok\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "import { readFileSync } from 'fs';\n"
            "const n: number = Number(readFileSync(0, 'utf8'));\n"
            "console.log(n + process.argv.length - 2);",
            "42\n",
        ),
        (
            "import * as readline from 'readline';\n"
            "const lines = readline.createInterface({ input: process.stdin });\n"
            "lines.on('line', (line) => console.log(line.length));",
            "2\n",
        ),
        ("const x: number = await Promise.resolve(7);\nconsole.log(x);\nexport {};", "7\n"),
        ("const x: number = await Promise.resolve(7);\nconsole.log(x);", "7\n"),
        ("for await (const x of [8]) console.log(x)", "8\n"),
        (
            "declare var require: any;\ndeclare var process: any;\n"
            "console.log(require('fs').readFileSync(0, 'utf8'), process.argv.length);",
            "41 3\n",
        ),
    ],
)
def test_typescript_as_node_has_it(sandbox: SandboxDaemon, source: str, expected: str) -> None:
    _, printed = run(sandbox, "typescript", source, stdin=b"41", args=("x",))

    assert printed == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (sources(main__mts="console.log(import.meta.url.slice(-4))"), ".mjs\n"),
        (sources(main__cts="import fs = require('fs'); console.log(typeof fs)"), "object\n"),
        (
            sources(
                main__ts="import d from './d.json'; import { x } from './x'; console.log(d.v, x)",
                d__json='{"v": 5}',
                x__ts="export const x = 6",
            ),
            "5 6\n",
        ),
        (
            sources(
                src_in_main__ts="import { x } from './x.js'; console.log(await x)",
                src_in_x__ts="export const x = Promise.resolve(9)",
                package__json='{"type": "module"}',
            ),
            "9\n",
        ),
    ],
)
def test_typescript_in_files(sandbox: SandboxDaemon, files: dict[str, Any], expected: str) -> None:
    _, printed = run(sandbox, "typescript", "", **files)

    assert printed == expected


def test_typescript_s_program_may_have_a_path_of_its_own(sandbox: SandboxDaemon) -> None:
    _, printed = run(
        sandbox, "typescript", "console.log(process.env.PATH)", env={"PATH": "/nowhere"}
    )

    assert printed == "/nowhere\n"


@pytest.mark.parametrize("await_", ["", "await 1;"])
def test_typescript_reports_wrong_types_once(sandbox: SandboxDaemon, await_: str) -> None:
    report, printed = run(sandbox, "typescript", f"const a: number = 'x'; {await_} export {{}}")

    assert report.exit_code == 1
    assert printed.count("error TS") == 1
    assert "main.ts(1,7): error TS2322" in printed


@pytest.mark.parametrize("source", ["<?php echo $nothing; echo 'x';", "<?php nope();"])
def test_php_reports_an_error_once(sandbox: SandboxDaemon, source: str) -> None:
    _, printed = run(sandbox, "php", source)

    assert printed.count(" on line 1") == 1


def test_a_program_that_locks_every_shared_file_holds_up_no_go_compile(
    sandbox: SandboxDaemon,
) -> None:
    locks = (
        "import fcntl, os, time\n"
        "files = [os.path.join(folder, name)"
        " for folder, _, names in os.walk('/var/cache/podline') for name in names]\n"
        "files.sort(key=os.path.basename)\n"
        "held = [os.open(file, os.O_RDONLY) for file in files[-900:]]\n"
        "for each in held: fcntl.flock(each, fcntl.LOCK_EX)\n"
        "print(len(held) > 0, flush=True)\n"
        "time.sleep(50)\n"
    )
    limits = replace(DEFAULT_LIMITS, wall_seconds=55)
    locker = a_pod(language(sandbox.runtime, "python"), locks, limits=limits)
    sandbox.runtime.create(locker)
    wait_until(lambda: sandbox.runtime.follow(locker.name, 0))

    report, printed = run(sandbox, "go", 'package main\n\nfunc main() { println("ok") }\n')

    assert sandbox.runtime.follow(locker.name, 0)[0].content == b"True\n"
    sandbox.runtime.delete(locker.name)
    assert printed == "ok\n"
    assert report.exit_code == 0
