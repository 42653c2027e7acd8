"""Programs that others wrote for SandboxFusion and NeMo Skills, over HTTP."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
import sandbox_fusion
from sandbox_fusion import RunCodeRequest, RunStatus, SummaryMapping

from tests.acceptance.setups import Service

AT_ONCE: Final = 64
SUM: Final = "print(sum(map(int, open(0).read().split())))"
SUM_IN_CPP: Final = """#include <iostream>
int main() { long n, sum = 0; while (std::cin >> n) sum += n; std::cout << sum << "\\n"; }
"""


@pytest.fixture
def base(service: Service) -> str:
    """The address of the door, for clients that send no header at all."""
    return f"{service.url}/d/{service.key}"


@pytest.fixture
def http(base: str) -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=AT_ONCE)
    with httpx.Client(base_url=base, timeout=60, limits=limits) as client:
        yield client


@pytest.fixture
def in_cluster(service: Service) -> bool:
    """Whether programs run in pods, which are slower to start."""
    return service.in_pods


class TestItsOwnClient:
    @pytest.fixture(autouse=True)
    def _endpoint(self, base: str) -> None:
        sandbox_fusion.set_endpoint(base)

    def ran(self, code: str, **fields: Any) -> sandbox_fusion.RunCodeResponse:
        request = RunCodeRequest(code=code, **{"language": "python", **fields})
        return sandbox_fusion.run_code(request, max_attempts=1, client_timeout=60)

    @pytest.mark.parametrize(("language", "code"), [("python", SUM), ("cpp", SUM_IN_CPP)])
    def test_a_program_with_input(self, language: str, code: str) -> None:
        found = self.ran(code, language=language, stdin="40 2")
        assert found.status == RunStatus.Success
        assert found.run_result
        assert (found.run_result.stdout, found.run_result.return_code) == ("42\n", 0)
        assert (found.compile_result is None) is (language == "python")

    @pytest.mark.long
    @pytest.mark.parametrize(
        ("code", "fields", "kind"),
        [
            ("print(1)", {}, "Success"),
            ("1/0", {}, "run failed"),
            ("import time; time.sleep(60)", {"run_timeout": 0.5}, "run timeout"),
            ("int main() { return x; }", {"language": "cpp"}, "compile failed"),
        ],
    )
    def test_its_summaries(self, code: str, fields: dict[str, Any], kind: str) -> None:
        mapping = SummaryMapping(
            CompileFailed="compile failed", RunFailed="run failed", RunTimeout="run timeout"
        )
        found = self.ran(code, **fields)
        assert sandbox_fusion.summary_run_code_result(found, mapping) == kind

    def test_files_go_in_and_out(self) -> None:
        found = self.ran(
            "open('out/b.txt', 'w').write(open('in/a.txt').read().upper())",
            files={"in/a.txt": "YWJj", "out/.keep": ""},
            fetch_files=["out/b.txt", "in/a.txt", "missing"],
        )
        assert found.files == {"out/b.txt": "QUJD", "in/a.txt": "YWJj"}


@pytest.mark.long
def test_a_program_that_takes_too_much_memory(http: httpx.Client) -> None:
    sent = {"code": "x = bytearray(100 << 20)", "memory_limit_MB": 64}
    found = http.post("/run_code", json=sent).json()
    assert found["run_result"]["return_code"] == -9
    assert "memory limit of 64 MiB" in found["message"]


@pytest.mark.long
def test_the_requests_of_verl_come_back_right_when_all_come_at_once(
    http: httpx.Client, in_cluster: bool
) -> None:
    """As its reward function sends them: every program with several inputs, without a header."""
    inputs = 2 if in_cluster else 12
    programs = [
        (SUM, "python", True),
        (SUM.replace("sum", "max"), "python", False),
        ("raise ValueError", "python", -2),
        (SUM_IN_CPP, "cpp", True),
        ("int main() { return x; }", "cpp", -4),
    ]
    cases = [(*program, number) for program in programs for number in range(1, inputs + 1)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda case: rewarded(http, case[0], case[1], case[3]), cases)
    wrong = Counter(
        (case, status) for case, status in zip(cases, found, strict=True) if status != case[2]
    )
    assert not wrong


def rewarded(http: httpx.Client, code: str, language: str, number: int) -> bool | int:
    """What verl makes of the response: whether the output is right, or the kind of failure."""
    body = {
        "compile_timeout": 30,
        "run_timeout": 30,
        "code": code,
        "stdin": f"{number}\n1000\n",
        "memory_limit_MB": 1024,
        "language": language,
        "files": {},
        "fetch_files": [],
    }
    response = http.post("/run_code", json=body)
    assert response.status_code == 200, response.text
    sent = response.json()
    compiled, run = sent["compile_result"], sent["run_result"]
    if sent["status"] == "Failed":
        if compiled and compiled["return_code"] != 0:
            return -4
        return -3 if run["status"] == "TimeLimitExceeded" else -2
    assert (sent["status"], run["status"]) == ("Success", "Finished")
    return bool(run["stdout"].rstrip("\n") == str(number + 1000))


def test_twenty_inputs_of_a_program_need_one_compiler(
    http: httpx.Client, in_cluster: bool, service: Service
) -> None:
    if in_cluster:
        pytest.skip("each pod has a compiler of its own")
    code = f"{SUM_IN_CPP}// {uuid4()}"
    bodies = [{"code": code, "language": "cpp", "stdin": str(number)} for number in range(20)]
    with ThreadPoolExecutor(len(bodies)) as pool:
        found = list(pool.map(lambda body: http.post("/run_code", json=body).json(), bodies))
    assert [each["run_result"]["stdout"] for each in found] == [f"{each}\n" for each in range(20)]
    times = [each["compile_result"]["execution_time"] for each in found]
    assert 1 <= sum(time > 0 for time in times) <= service.hosts


def test_the_agent_tool_of_verl_sends_code_alone(http: httpx.Client) -> None:
    found = http.post("/run_code", json={"code": "print('out')\nraise OSError('err')"}).json()
    printed = found["run_result"]["stdout"] + found["run_result"]["stderr"]
    assert printed.startswith("out\nTraceback")
    assert printed.endswith("OSError: err\n")


@pytest.mark.long
def test_an_input_of_eight_megabytes(http: httpx.Client, in_cluster: bool) -> None:
    sent = {"code": SUM, "stdin": "1234567\n" * (1 << 20), "run_timeout": 30}
    response = http.post("/run_code", json=sent)
    if in_cluster:  # more than ConfigMaps can hold
        assert response.status_code == 422
        assert response.json()["detail"][0]["loc"] == ["body", "stdin"]
    else:
        assert response.json()["run_result"]["stdout"] == f"{1234567 << 20}\n"


def test_a_session_of_nemo_skills(http: httpx.Client, in_cluster: bool) -> None:
    def executed(code: str, **fields: Any) -> dict[str, Any]:
        body = {
            "generated_code": code,
            "std_input": "",
            # Starting counts, and a busy machine needs seconds for it.
            "timeout": 60.0,
            "language": "ipython",
            "max_output_characters": 1000,
            "traceback_verbosity": "Plain",
        }
        response = http.post("/execute", json=body | fields, headers={"X-Session-ID": "s"})
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    assert http.get("/health").status_code == 200
    http.delete("/sessions/s").raise_for_status()
    first = executed("x = 20\nprint('once')\nx + 1")
    assert (first["process_status"], first["stdout"]) == ("completed", "once\n21\n")
    failed = executed("y = 2\nx / 0")
    assert failed["process_status"] == "error"
    assert failed["stdout"].endswith("ZeroDivisionError: division by zero\n")
    second = executed("x * 2 + 2")
    assert (second["stdout"], second["new_session_created"]) == ("42\n", False)
    if not in_cluster:  # A client that waits for 5.5 s may leave before the pod runs.
        timed_out = executed("print(x, flush=True)\nwhile True: pass", timeout=0.5)
        assert timed_out["process_status"] == "timeout"
    shell = executed("echo $((6 * 7)); exit 3", language="shell")
    assert (shell["process_status"], shell["stdout"]) == ("error", "42\n")
    http.delete("/sessions/s").raise_for_status()
    assert executed("x")["new_session_created"]
