"""The stack is as large as the memory, where it costs nothing until it is used."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from tests.support.sandbox_daemon import SandboxDaemon

ARRAY_IN_MAIN = (
    "#include <stdio.h>\n"
    "int main(void) { int a[2500000]; for (int i = 0; i < 2500000; i++) a[i] = i; "
    'printf("%d\\n", a[2499999]); }'
)
RECURSION_IN_A_THREAD = (
    "import sys, threading\n"
    "sys.setrecursionlimit(10**6)\n"
    "threading.stack_size(256 << 20)\n"
    "def f(n): return 0 if n == 0 else 1 + f(n - 1)\n"
    "t = threading.Thread(target=lambda: print(f(50000)))\n"
    "t.start(); t.join()\n"
)
HUNDRED_THREADS = (
    "import threading, time\n"
    "ts = [threading.Thread(target=time.sleep, args=(0.2,)) for _ in range(100)]\n"
    "[t.start() for t in ts]; [t.join() for t in ts]; print(len(ts))\n"
)
LIMIT = "ulimit -Ss; ulimit -Hs"
DEEP_JAVA = (
    "public class Main {\n"
    "  static int f(int n) { return n == 0 ? 0 : 1 + f(n - 1); }\n"
    "  public static void main(String[] a) { System.out.println(f(100000)); }\n"
    "}\n"
)
ENDLESS_JAVA = (
    "public class Main {\n"
    "  static int f(int n) { return 1 + f(n + 1); }\n"
    "  public static void main(String[] a) {\n"
    '    try { f(0); } catch (StackOverflowError e) { System.out.println("caught"); }\n'
    "  }\n"
    "}\n"
)
DEEP_NODE = "const f = n => n == 0 ? 0 : 1 + f(n - 1); console.log(f(100000));"
ENDLESS_NODE = (
    "const f = n => 1 + f(n + 1);\n"
    "try { f(0); } catch (e) { console.log(e instanceof RangeError); }"
)


def printed(sandbox: SandboxDaemon, name: str, source: str, **limits: Any) -> str:
    observation, output = sandbox.run(
        name,
        source,
        limits=replace(DEFAULT_LIMITS, wall_seconds=30, cpu_seconds=20, **limits),
        compile_limits=replace(DEFAULT_COMPILE_LIMITS, wall_seconds=60, cpu_seconds=60),
    )
    assert output.run, output
    assert not output.run.stderr, (output, observation)
    return output.run.stdout.decode()


@pytest.fixture
def counted(sandbox: SandboxDaemon) -> SandboxDaemon:
    """Where a control group holds memory."""
    if not sandbox.cgroups():
        pytest.skip("control groups are not available here")
    return sandbox


def test_it_is_as_large_as_the_memory(counted: SandboxDaemon) -> None:
    assert printed(counted, "bash", LIMIT, memory_mib=96).split() == [str(96 * 1024)] * 2


def test_it_is_as_large_as_was_asked_for(sandbox: SandboxDaemon) -> None:
    assert printed(sandbox, "bash", LIMIT, stack_mib=3).split() == [str(3 * 1024)] * 2


def test_an_array_of_10_mb_in_main(counted: SandboxDaemon) -> None:
    assert printed(counted, "c", ARRAY_IN_MAIN, memory_mib=256) == "2499999\n"


def test_deep_recursion_in_a_thread(counted: SandboxDaemon) -> None:
    assert printed(counted, "python", RECURSION_IN_A_THREAD, memory_mib=512) == "50000\n"


def test_a_hundred_threads(counted: SandboxDaemon) -> None:
    assert printed(counted, "python", HUNDRED_THREADS, processes=128) == "100\n"


def test_a_hundred_threads_of_the_largest_stack(counted: SandboxDaemon) -> None:
    """1,024 MiB each, of which none uses more than a few pages."""
    assert printed(counted, "python", HUNDRED_THREADS, processes=128, memory_mib=1024) == "100\n"


@pytest.mark.parametrize(("name", "source"), [("java", DEEP_JAVA), ("javascript", DEEP_NODE)])
def test_deep_recursion_of_a_runtime_with_a_stack_of_its_own(
    counted: SandboxDaemon, name: str, source: str
) -> None:
    assert printed(counted, name, source) == "100000\n"
    assert printed(counted, name, source, memory_mib=512, stack_mib=256) == "100000\n"


@pytest.mark.parametrize(
    ("name", "source", "says"),
    [("java", ENDLESS_JAVA, "caught\n"), ("javascript", ENDLESS_NODE, "true\n")],
)
@pytest.mark.parametrize(
    "memory_mib", [128, *(pytest.param(mib, marks=pytest.mark.long) for mib in (256, 1024))]
)
def test_endless_recursion_is_the_languages_own_error(
    counted: SandboxDaemon, name: str, source: str, says: str, memory_mib: int
) -> None:
    assert printed(counted, name, source, memory_mib=memory_mib) == says


def test_node_may_use_all_of_the_stack_that_was_asked_for(counted: SandboxDaemon) -> None:
    assert printed(counted, "javascript", ENDLESS_NODE, memory_mib=256, stack_mib=64) == "true\n"
