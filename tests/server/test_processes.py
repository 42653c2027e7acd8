"""The API's server as several processes."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from app.infrastructure.prometheus.folder import VARIABLE
from tests.server.conftest import KEY, SECONDS, Api, Client, api_process, exchange
from tests.support.constants import in_processes
from tests.support.waiting import wait_until

BODY = b'{"language": "python", "source": "print(1)"}'
POST = (
    b"POST /api/v1/executions HTTP/1.1\r\nHost: x\r\nX-API-Key: %b\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
) % (KEY.encode(), len(BODY), BODY)
GET_METRICS = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
ACCEPTED = 'podline_http_requests_total{method="POST",route="/api/v1/executions",status="202"}'


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("two")
    (folder / "metrics").mkdir()
    with api_process(folder, "--processes=2", **{VARIABLE: str(folder / "metrics")}) as api:
        yield api


def processes(api: Api) -> list[psutil.Process]:
    return psutil.Process(api.process.pid).children()


def exchanged(client: Client, sent: bytes) -> tuple[bytes, bytes]:
    """Head and body of a response on a connection that stays open. Raises OSError."""
    client.connection.sendall(sent)
    received = b""
    while b"\r\n\r\n" not in received:
        received += read(client)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    while len(body) < length:
        body += read(client)
    return head, body


def read(client: Client) -> bytes:
    data = client.connection.recv(65536)
    if not data:
        raise ConnectionResetError
    return data


def serving(api: Api, client: Client) -> int:
    """The pid of the process that has the client's connection."""
    ports = {
        connection.raddr.port: process.pid
        for process in processes(api)
        for connection in process.net_connections()
        if connection.raddr
    }
    return ports[client.connection.getsockname()[1]]


def one_each(api: Api) -> list[Client]:
    """Two clients of different processes; counts of connections may be a little wrong."""
    clients: dict[int, Client] = {}

    def another() -> bool:
        client = Client(api.port)
        exchanged(client, GET_METRICS)
        clients[serving(api, client)] = client
        return len(clients) == 2

    wait_until(another)
    return list(clients.values())


def value(metrics: bytes, series: str) -> float:
    lines = metrics.decode().splitlines()
    return next((float(it.split()[-1]) for it in lines if it.startswith(series)), 0)


def scraped(client: Client, series: str) -> float:
    return value(exchanged(client, GET_METRICS)[1], series)


def shows(client: Client, series: str, wanted: float) -> bool:
    return scraped(client, series) == wanted


def test_their_parent_has_used_nothing(api: Api) -> None:
    """What is connected must not be shared with a forked process (app/ports)."""
    parent = psutil.Process(api.process.pid)
    assert parent.num_threads() == 1
    assert [it.status for it in parent.net_connections("inet")] == [psutil.CONN_LISTEN]
    assert {Path(file.path).name for file in parent.open_files()} <= {
        "api.log",
        f"counter_{parent.pid}.db",
    }


@pytest.mark.long
def test_no_store_is_used_before_processes_are_forked(tmp_path: Path) -> None:
    look = (
        "import psutil, app.wsgi; own = psutil.Process();"
        "print(own.num_threads(), own.net_connections('all'))"
    )
    urls = {
        "PODLINE_DATA_DIR": str(tmp_path),
        "PODLINE_DATABASE_URL": "mongodb://127.0.0.1:1/podline",
        "PODLINE_EVENT_LOG_URL": "kafka://127.0.0.1:1/podline",
    }
    shown = subprocess.check_output([sys.executable, "-c", look], env={**os.environ, **urls})
    assert shown.decode().strip() == "1 []"


def test_each_shows_what_all_have_counted(api: Api) -> None:
    clients = one_each(api)
    before = scraped(clients[0], ACCEPTED)
    for client in clients * 3:
        assert exchanged(client, POST)[0].startswith(b"HTTP/1.1 202")
    for client in clients:
        wait_until(partial(shows, client, ACCEPTED, before + 6))


def test_each_shows_the_cpu_time_of_all(api: Api) -> None:
    clients = one_each(api)
    for client in clients:
        exchanged(client, POST)
    series = "process_cpu_seconds_total"
    wait_until(lambda: 0 <= scraped(clients[0], series) - scraped(clients[1], series) < 0.2)
    family = [psutil.Process(api.process.pid), *processes(api)]
    used = sum(sum(process.cpu_times()[:2]) for process in family)
    assert abs(scraped(clients[0], series) - used) < 0.5
    assert scraped(clients[0], "process_open_fds") > max(process.num_fds() for process in family)


def test_one_that_is_killed_under_load_is_replaced_and_nothing_accepted_is_lost(api: Api) -> None:
    before = processes(api)
    stop, accepted = threading.Event(), []

    def submit() -> None:
        client = Client(api.port)
        while not stop.is_set():
            try:
                head, body = exchanged(client, POST)
            except OSError:
                client.close()
                client = Client(api.port)
            else:
                assert head.startswith(b"HTTP/1.1 202"), head
                accepted.append(json.loads(body)["id"])

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(accepted) > 20)
    before[0].kill()
    at_kill = len(accepted)
    wait_until(lambda: len(accepted) > at_kill + 20)
    wait_until(lambda: len(processes(api)) == 2 and before[0] not in processes(api))
    stop.set()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert before[1] in processes(api)
    for id in accepted:
        get = (
            f"GET /api/v1/executions/{id} HTTP/1.1\r\nX-API-Key: {KEY}\r\nConnection: close\r\n\r\n"
        )
        assert exchange(api.port, get.encode()).startswith(b"HTTP/1.1 200")
    one_each(api)


def is_served(client: Client) -> bool:
    try:
        return read(client).startswith(b"HTTP/1.1 200")
    except ConnectionResetError:
        return False


@pytest.mark.long
def test_one_that_hangs_is_replaced_and_connections_that_it_was_given_are_served(
    tmp_path: Path,
) -> None:
    soon = in_processes(processes__HUNG_SECONDS=3)
    with api_process(tmp_path, "--processes=2", **soon) as api:
        one_each(api)
        before = processes(api)
        before[0].suspend()
        clients = [Client(api.port) for _ in range(8)]
        for client in clients:
            client.send(GET_METRICS)
        wait_until(lambda: before[0] not in processes(api) and len(processes(api)) == 2)
        assert before[1] in processes(api)
        # A connection that it had accepted and not given away is lost with it.
        assert sum(is_served(client) for client in clients) >= len(clients) - 1
        one_each(api)
        assert "hangs and is killed" in (tmp_path / "api.log").read_text()


def test_it_stops_after_the_requests_in_progress(tmp_path: Path) -> None:
    waiting = POST.replace(b"executions HTTP", b"executions?wait=1 HTTP")
    with api_process(tmp_path, "--processes=2", "--grace=5") as api:
        clients, both = one_each(api), processes(api)
        # The first wait of a process starts a thread that listens for wake-ups.
        threads = [process.num_threads() for process in both]
        for client in clients:
            client.send(waiting)
        wait_until(lambda: all(it.num_threads() > n for it, n in zip(both, threads, strict=True)))
        api.process.send_signal(signal.SIGTERM)
        for client in clients:
            assert read(client).startswith(b"HTTP/1.1 200")
        assert api.process.wait(SECONDS) == 0
        assert not any(process.is_running() for process in both)
        with pytest.raises(ConnectionRefusedError):
            Client(api.port)


# Of any program

HEAD = """
import os, signal, sys, time
from app.server import processes
number = processes.become_one_of([0, 0])
"""


def python(*lines: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HEAD + "\n".join(lines)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_each_has_its_number_and_the_end_of_one_stops_all() -> None:
    program = python(
        "os.write(1, b'%d\\n' % number)",
        "time.sleep(60) if number else sys.exit('the reason')",
    )
    out, error = program.communicate(timeout=SECONDS)
    assert set(out.split()) <= {"0", "1"}
    assert "0" in out.split()
    assert error.strip() == "the reason"
    assert program.returncode == 1


def test_one_that_is_killed_as_soon_as_it_starts_is_not_replaced_for_ever() -> None:
    program = python("os.kill(os.getpid(), signal.SIGKILL) if number else time.sleep(60)")
    _, error = program.communicate(timeout=SECONDS)
    assert program.returncode == 1
    assert "process 1 of the API was ended by signal 9" in error


def test_they_have_the_signals_that_their_caller_had() -> None:
    program = python(
        "blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])",
        "os.write(1, b'%d\\n' % len(blocked))",
        "time.sleep(60)",
    )
    assert program.stdout is not None
    assert [program.stdout.readline(), program.stdout.readline()] == ["0\n", "0\n"]
    program.terminate()
    assert program.wait(SECONDS) == 0


def test_they_die_with_their_parent() -> None:
    program = python("os.write(1, b'%d\\n' % os.getpid())", "time.sleep(60)")
    assert program.stdout is not None
    children = [psutil.Process(int(program.stdout.readline())) for _ in range(2)]
    program.kill()
    program.wait(SECONDS)
    wait_until(lambda: not any(map(is_alive, children)))


def is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
