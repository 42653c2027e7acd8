"""What clients of Piston get from the whole service, by packages that others wrote for Piston."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from ultra_piston import PistonClient
from ultra_piston.models import File

from podline import Client, Forbidden
from tests.acceptance.setups import Service

C = '#include <stdio.h>\nint main(void) { puts("hello"); return 3; }'
NO_C = "int main(void) { return x; }"


@pytest.fixture(scope="session")
def key(service: Service) -> str:
    """A key that opens this door only."""
    with service.client() as admin:
        return admin.keys.create("piston-user", door="piston").key


def post(service: Service, key: str, **fields: Any) -> dict[str, Any]:
    """As most programs do it: with an exact version of Piston's, and the key in the base URL."""
    sent = {"language": "python", "version": "3.10.0", **fields}
    response = httpx.post(f"{service.url}/d/{key}/api/v2/piston/execute", json=sent, timeout=60)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def run(service: Service, key: str, source: str, **fields: Any) -> dict[str, Any]:
    """The `run` of a single file without a name."""
    found: dict[str, Any] = post(service, key, files=[{"content": source}], **fields)["run"]
    return found


def test_how_programs_end(service: Service, key: str) -> None:
    for source, fields, status, signal in (
        ("print(input())", {"stdin": "hello"}, None, None),
        ("raise SystemExit(3)", {}, "RE", None),
        ("import os; os.abort()", {}, "SG", "SIGABRT"),
        ("while True: pass", {"run_timeout": 500}, "TO", "SIGKILL"),
        ("x = bytearray(100 << 20)", {"run_memory_limit": 64 << 20}, "SG", "SIGKILL"),
        ("while True: print('x' * 100_000)", {"run_timeout": 30_000}, "OL", "SIGKILL"),
    ):
        found = run(service, key, source, **fields)
        assert (found["status"], found["signal"]) == (status, signal), source


def test_output_is_whole(service: Service, key: str) -> None:
    found = run(service, key, "print('x' * 1_000_000)")
    assert found["stdout"] == found["output"] == "x" * 1_000_000 + "\n"


def test_compiled_languages(service: Service, key: str) -> None:
    files = [{"name": "my_cool_code", "content": C}]
    ran = post(service, key, language="c", version="10.2.0", files=files)
    assert (ran["run"]["stdout"], ran["run"]["code"], ran["compile"]["code"]) == ("hello\n", 3, 0)
    files = [{"name": "main.c", "content": NO_C}]
    failed = post(service, key, language="c", version="10.2.0", files=files)
    assert failed["run"] == failed["compile"]
    assert "undeclared" in failed["run"]["stderr"]


@pytest.mark.long
def test_threads_of_libraries_fit(service: Service, key: str) -> None:
    """NeMo Agent Toolkit's programs ask for 16 threads of OpenBLAS."""
    source = (
        "import os, threading\n"
        "assert os.environ['PISTON_LANGUAGE'] == 'python'\n"
        "gate = threading.Barrier(17)\n"
        "for _ in range(16): threading.Thread(target=gate.wait).start()\n"
        "gate.wait()\n"
        "print('ok')\n"
    )
    limits = {"run_timeout": 10_000.0, "run_memory_limit": -1, "compile_memory_limit": -1}
    assert run(service, key, source, language="py", log=0, **limits)["stdout"] == "ok\n"


@pytest.mark.long
def test_many_at_once_are_all_right(service: Service, key: str) -> None:
    """From one key, whose programs wait for two slots."""
    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(lambda n: run(service, key, f"print({n} * 7)"), range(32)))
    assert [each["stdout"] for each in found] == [f"{n * 7}\n" for n in range(32)]


def test_the_key_opens_nothing_else(service: Service, key: str) -> None:
    with Client(service.url, key) as client, pytest.raises(Forbidden, match="only the door"):
        client.languages()


@pytest.mark.long
def test_ultra_piston(service: Service, key: str) -> None:
    """It sends the key alone in Authorization, and floats."""
    client = PistonClient(base_url=f"{service.url}/api/v2/piston", api_key=key)
    assert "python" in {runtime.language for runtime in client.get_runtimes()}
    assert all(package.installed for package in client.get_packages())
    client.post_packages("python", "3.10.0")
    done = client.post_execute(
        language="python3",
        version="3.10.0",
        file=File(name="any.py", content="import sys; print(sys.argv[1], input())"),
        stdin="there",
        args=["hello"],
        run_timeout=20_000.0,
    )
    assert (done.run.output, done.run.code) == ("hello there\n", 0)


def test_piston_rspy(service: Service, key: str) -> None:
    """A client in Rust. It sends -1 for each memory limit, and the version `*`."""
    rspy = pytest.importorskip("piston_rspy")

    async def calls() -> tuple[Any, Any, Any]:
        client = rspy.Client.with_url_and_key(f"{service.url}/api/v2", key)
        hello = rspy.Executor().set_language("js").add_file(rspy.File(content="console.log(1)"))
        bad = rspy.Executor().set_language("brainfuck").add_file(rspy.File(content="+"))
        return await client.fetch_runtimes(), await client.execute(hello), await client.execute(bad)

    runtimes, done, refused = asyncio.run(calls())
    assert ("javascript", True) in {(each.language, "js" in each.aliases) for each in runtimes}
    assert (done.status, done.language, done.run.output) == (200, "javascript", "1\n")
    assert refused.status == 400
    assert "brainfuck-* runtime is unknown" in refused.run.stderr
