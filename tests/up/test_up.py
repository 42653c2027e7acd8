"""`podline up` as an operator sees it; tests/faults covers load and faults."""

import asyncio
import base64
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, chdir, closing
from pathlib import Path

import httpx
import httpx2
import psutil
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from app.domain.chain import CHAIN, COMPENSATE, PERSIST
from app.infrastructure.celery.flower import COLUMNS
from app.infrastructure.sqlite.store import SqliteStore
from app.queues import QUEUES
from sandbox.jail import kit
from tests.private import left_open, open_to_others, started_with, writable_to_others
from tests.support.constants import in_processes
from tests.support.log_lines import ALWAYS, entries
from tests.support.standalone import Standalone, all_up, running
from tests.support.waiting import wait_until
from tests.up.test_supervisor import wait_until_gone

ALL_TASKS = {
    "draw": "1",
    "start": "0",
    "length": "1000",
    "search[value]": "",
    "order[0][column]": "0",
    "columns[0][data]": "received",
    "order[0][dir]": "desc",
}
PODLINE = str(Path(sys.executable).with_name("podline"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """A service with all its parts, beside modules of the same names, in a folder open to others.

    Tests only observe it, except for the last ones, which end it.
    """
    folder = tmp_path_factory.mktemp("up")
    for name in ("app", "tasks", "celeryconfig", "celery"):
        (folder / f"{name}.py").write_text("raise SystemExit('somebody else')")
    settings = {"PODLINE_PISTON_PORT": "0", "PODLINE_KEYLESS__DOORS": "piston"}
    whole = Standalone(folder / "data", settings, options=("--mcp",))
    left_open(whole.data_dir)
    with chdir(folder), ExitStack() as running_here:
        with started_with(umask=0o000):
            standalone = running_here.enter_context(running(whole))
        wait_until(lambda: "Ready" in standalone.printed())
        yield standalone


def up(
    *options: str, under: Sequence[str] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Start a service that fails; `under` is a program that starts it."""
    return subprocess.run(
        [*under, PODLINE, "up", *options],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.long
@pytest.mark.timeout(300)
def test_children_that_hang_start_again_and_the_service_works(tmp_path: Path) -> None:
    with running(Standalone(tmp_path / "data", in_processes(supervisor__LOOK_SECONDS=2))) as up:
        wait_until(lambda: "Ready" in up.printed(), within=120, or_fail=up.described)
        before = up.children()
        for child in before:
            child.suspend()
        wait_until(
            lambda: not any(child.is_running() for child in before),
            within=120,
            or_fail=up.described,
        )
        assert up.printed().count("does not respond, and is killed") == len(before)
        wait_until(
            lambda: up.printed().count("is running again") >= len(before),
            within=120,
            or_fail=up.described,
        )
        up.wait_until_ready()
        metrics = httpx.get(f"{up.client().url}/metrics").text
        assert 'podline_child_restarts_total{child="worker",why="hung"} 1.0' in metrics
        done = subprocess.run(
            [PODLINE, "doctor", "--json", "--data-dir", str(up.data_dir)],
            capture_output=True,
            text=True,
            check=False,
        )
        checks = json.loads(done.stdout)["checks"]
        programs = [check for check in checks if check["name"].startswith("program ")]
        assert len(programs) == len(up.client().languages())
        assert [check for check in programs if not check["ok"]] == []


class TestRunning:
    def test_it_runs_a_program(self, service: Standalone) -> None:
        execution = service.client().run("print(6 * 7)", language="python", timeout=60)
        assert execution.result is not None
        assert execution.result.stdout == "42\n"

    def test_nothing_stays_open_to_others(self, service: Standalone) -> None:
        assert not open_to_others(service.data_dir)
        kits = list(Path("/run").glob(f"{kit.name_of(service.data_dir / 'sandbox')}*"))
        assert kits
        assert not writable_to_others(*kits)

    def test_modules_in_the_working_folder_are_left_alone(self, service: Standalone) -> None:
        assert "somebody else" not in service.printed()
        wait_until(lambda: all_up(service.client().readiness()))

    def test_it_says_what_runs_where_and_how_to_continue(self, service: Standalone) -> None:
        said = service.printed()
        for child in service.children():
            assert str(child.pid) in said
        assert (service.data_dir / "url").read_text().strip() in said

    def test_every_line_of_every_process_has_one_format(self, service: Standalone) -> None:
        logs = sorted((service.data_dir / "logs").glob("*.log"))
        lines = {log.stem: entries(log.read_text()) for log in logs}
        lines["up"] = entries(service.printed())
        assert {line["level"] for line in lines.pop("redis")} <= {"info", "notice", "warning"}
        for name, found in lines.items():
            assert all(list(line)[: len(ALWAYS)] == ALWAYS for line in found)
            roles = {line["role"] for line in found}
            assert roles <= ({"worker", *QUEUES} if name == "worker" else {name})
        assert all(lines[name] for name in ("api", "sandbox", "up", "worker"))

    def test_its_link_signs_in_once(self, service: Standalone) -> None:
        command = [PODLINE, "console", "--data-dir", str(service.data_dir)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = re.search(r"(\S+)/sign-in#token=(\S+)", said)
        assert found is not None
        headers = {"Authorization": f"Bearer {found[2]}"}
        begun = [httpx.post(f"{found[1]}/api/v1/session", headers=headers) for _ in range(2)]
        assert [response.status_code for response in begun] == [201, 401]

    def test_a_door_has_a_port_of_its_own(self, service: Standalone) -> None:
        found = re.search(r"The door for piston is also at ([^\s\"]+)", service.printed())
        assert found is not None
        assert httpx.get(found[1]).json() == {"message": "Piston v3.1.1"}

    def test_a_door_that_needs_no_key_is_announced(self, service: Standalone) -> None:
        url = (service.data_dir / "url").read_text().strip()
        assert httpx.get(f"{url}/api/v2/runtimes").status_code == 200
        for said in (service.printed(), (service.data_dir / "logs/api.log").read_text()):
            assert re.search("without a key.*: piston", said)

    def test_the_api_is_never_open(self, service: Standalone) -> None:
        url = (service.data_dir / "url").read_text().strip()
        assert httpx.get(f"{url}/api/v1/executions").status_code == 401

    def test_flower_asks_for_the_password_that_is_kept(self, service: Standalone) -> None:
        assert httpx.get(service.address("flower"), follow_redirects=True).status_code == 401
        with service.flower() as flower:
            assert flower.get("/", follow_redirects=True).status_code == 200

    def test_flower_takes_nothing_from_pages_of_others(self, service: Standalone) -> None:
        """A browser sends the stored password along, whatever page it is on."""
        with service.flower() as flower:

            def status(**headers: str) -> int:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                return flower.post("/api/worker/shutdown/nobody", headers=named).status_code

            assert status(Origin=service.address("flower")) == 404
            for origin in ("https://evil.example", "http://127.0.0.1:1", "null"):
                assert status(Origin=origin) == 403
            assert status(Origin=service.address("flower"), Sec_Fetch_Site="cross-site") == 403

    def test_flower_shows_steps_and_no_ticks(self, service: Standalone) -> None:
        execution = service.client().run("print(1)", language="python", timeout=60)
        with service.flower() as flower:
            assert all(f">{title}</th>" in flower.get("/tasks").text for title in COLUMNS.values())

            def shown() -> list[dict[str, str]]:
                table = flower.get("/tasks/datatable", params=ALL_TASKS).json()["data"]
                return [{name: task[name] for name in ("name", *COLUMNS)} for task in table]

            persisted = {
                "name": PERSIST,
                "execution": execution.id,
                "role": "result processor",
                "queue": "results",
            }
            wait_until(lambda: persisted in shown(), or_fail=shown)
            assert {task["name"] for task in shown()} <= {*CHAIN, COMPENSATE}

    def test_agents_find_the_tools(self, service: Standalone) -> None:
        url = service.address("mcp")

        async def printed() -> object:
            key = (service.data_dir / "key").read_text().strip()
            async with (
                httpx2.AsyncClient(headers={"X-API-Key": key}) as http,
                Client(streamable_http_client(url, http_client=http)) as client,
            ):
                ran = await client.call_tool("run_code", {"code": "print(6 * 7)"})
                return ran.structured_content and ran.structured_content["stdout"]

        assert asyncio.run(printed()) == "42\n"

    @pytest.mark.parametrize("name", ["key", "flower-password"])
    def test_secrets_are_their_owners(self, service: Standalone, name: str) -> None:
        assert stat.S_IMODE((service.data_dir / name).stat().st_mode) == 0o600

    def test_no_secret_is_on_a_command_line_in_an_environment_or_in_a_log(
        self, service: Standalone
    ) -> None:
        logs = [log.read_text() for log in (service.data_dir / "logs").iterdir()]
        processes = [p for child in service.children() for p in (child, *child.children())]
        commands = [" ".join([*p.cmdline(), *p.environ().values()]) for p in processes]
        for name in ("key", "flower-password"):
            secret = (service.data_dir / name).read_text().strip()
            login = base64.b64encode(f"podline:{secret}".encode()).decode()
            assert not [text for text in commands + logs if secret in text or login in text]

    def test_everything_listens_on_loopback_only(self, service: Standalone) -> None:
        processes = [p for child in service.children() for p in (child, *child.children())]
        listening = [
            connection.laddr.ip
            for process in processes
            for connection in process.net_connections()
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening
        assert set(listening) == {"127.0.0.1"}

    def test_a_second_one_on_the_folder_is_refused(self, service: Standalone) -> None:
        second = up("--data-dir", str(service.data_dir), "--port", "0")
        assert second.returncode != 0
        assert f"podline up is already running on {service.data_dir} (pid " in second.stderr


class TestRefusal:
    def test_a_port_that_is_taken(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            refused = up("--data-dir", str(tmp_path), "--port", str(port))
        assert refused.returncode != 0
        assert f"port {port} is in use: choose another with --port" in refused.stderr

    def test_a_port_that_needs_privileges(self, tmp_path: Path) -> None:
        """Which is not taken."""
        lowest = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
        if os.geteuid() != 0 or lowest <= 80:
            pytest.skip("only root can become a user for whom there are privileged ports")
        drop = ("setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-all")
        refused = up("--data-dir", str(tmp_path), "--port", "80", under=drop)
        assert refused.returncode != 0
        assert "port 80 is for privileged users only" in refused.stderr

    def test_a_redis_of_others(self, tmp_path: Path) -> None:
        refused = up("--data-dir", str(tmp_path), PODLINE_REDIS_URL="redis://elsewhere")
        assert refused.returncode != 0
        assert "redis_url itself: remove it from PODLINE_REDIS_URL" in refused.stderr

    def test_a_wrong_setting(self, tmp_path: Path) -> None:
        refused = up("--data-dir", str(tmp_path), PODLINE_MAX_RUNNING="none")
        assert refused.returncode != 0
        assert "max_running: must be a valid integer" in refused.stderr


def test_one_that_does_not_get_ready_in_a_test_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[psutil.Process] = []

    def never(standalone: Standalone) -> bool:
        wait_until((tmp_path / "logs").exists)
        started.append(psutil.Process(standalone.pid))
        raise AssertionError("never ready")

    monkeypatch.setattr(Standalone, "_is_ready", never)
    with pytest.raises(AssertionError, match="never ready"), running(Standalone(tmp_path)):
        pass
    assert [process.is_running() for process in started] == [False]


class TestReport:
    @pytest.mark.parametrize(
        "target", [pytest.param("/dev/full", marks=pytest.mark.long), "a pipe that nobody reads"]
    )
    def test_a_report_that_can_t_be_written_stops_nothing(
        self, target: str, tmp_path: Path
    ) -> None:
        reader, pipe = os.pipe()
        os.close(reader)
        full = os.open("/dev/full", os.O_WRONLY)
        command = [PODLINE, "up", "--data-dir", str(tmp_path), "--port", "0"]
        out = full if target == "/dev/full" else pipe
        with subprocess.Popen(command, stdout=out, stderr=out) as service:
            try:
                wait_until(lambda: (tmp_path / "logs" / "redis.log").exists() or service.poll())
            finally:
                service.terminate()
            service.communicate(timeout=60)
        os.close(pipe)
        os.close(full)
        assert service.returncode in (0, 120), "120: Python could not write its buffers"


class TestEnd:
    """The kill comes first, because its test starts the service again."""

    @staticmethod
    def family(service: Standalone) -> list[int]:
        children = service.children()
        return [p.pid for child in children for p in (child, *child.children(recursive=True))]

    def test_nothing_is_left_after_a_kill_and_it_starts_again(self, service: Standalone) -> None:
        family = self.family(service)
        key = (service.data_dir / "key").read_text()
        (up_pid,) = {child.ppid() for child in service.children()}
        os.kill(up_pid, signal.SIGKILL)
        for pid in family:
            wait_until_gone(pid)
        service.up()
        assert (service.data_dir / "key").read_text() == key
        execution = service.client().run("print(1)", language="python", timeout=60)
        assert execution.outcome == "success"

    def test_nothing_is_left_after_a_stop(self, service: Standalone, tmp_path: Path) -> None:
        family = self.family(service)
        execution = service.client().run("print(1)", language="python", timeout=60)
        service.down()

        assert not [pid for pid in family if psutil.pid_exists(pid)]
        # No address that another process may get next, and a database file that is whole.
        assert not (service.data_dir / "url").exists()
        copy = shutil.copy(service.data_dir / "podline.db", tmp_path / "copy.db")
        with closing(SqliteStore(Path(copy), timeout=5)) as store:
            assert store.executions.get(execution.id)
