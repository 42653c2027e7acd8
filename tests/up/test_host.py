"""What `podline host` refuses, and how it drains."""

import re
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from redis import Redis

from app.cli import main
from app.cli.host import run as host
from app.cli.host.drain import PAUSE_SECONDS, Drain, wait_until_drained
from app.cli.host.report import HostReport as Printed
from app.cli.up.errors import UpError
from app.cli.up.programs import host_programs
from app.domain.hosts import HOST_NAME, HostReport
from app.infrastructure.memory.hosts import MemoryHosts
from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.redis.hosts import RedisHosts
from app.infrastructure.redis.leases import RedisLeases
from app.ports import Fleet
from app.settings import Settings
from app.wiring import make_leases
from app.wiring.hosts import make_fleet
from tests.support.mongo_server import MongoServer
from tests.support.twins import Clock


def settings(**given: str) -> Settings:
    shared = {"database_url": "mongodb://db/podline", "redis_url": "redis://redis:6379/0"}
    return Settings(**{**shared, "runtime_url": "hosts:", **given})  # type: ignore[arg-type]  # names a test gives


def test_the_service_s_settings_will_do() -> None:
    host.refuse_what_is_not_shared(settings())


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        (
            "database_url",
            "sqlite:///podline.db",
            "DATABASE_URL must be the service's MongoDB",
        ),
        ("redis_url", "unix:///nowhere/redis.sock", "nothing is at /nowhere/redis.sock"),
        ("runtime_url", "kubernetes://pods", "PODLINE_RUNTIME_URL must be hosts:"),
    ],
)
def test_what_a_host_would_have_for_itself_is_refused(name: str, value: str, why: str) -> None:
    with pytest.raises(UpError, match=why):
        host.refuse_what_is_not_shared(settings(**{name: value}))


def test_two_hosts_of_one_name_are_refused(redis_client: Redis) -> None:
    hosts, leases = RedisHosts(redis_client), RedisLeases(redis_client)
    hosts.put(HostReport(name="alpha", owner="a", slots=1, free=1, release=None, languages=()))
    times = iter([0.0, host.PATIENCE_SECONDS + 1])
    host.take_name(Fleet(hosts, "beta", "b"), leases)
    with pytest.raises(UpError, match="a host alpha is alive already"):
        host.take_name(Fleet(hosts, "alpha", "b"), leases, now=lambda: next(times))


def test_a_host_that_was_killed_has_its_name_back_at_once(redis_client: Redis) -> None:
    hosts, leases = RedisHosts(redis_client), RedisLeases(redis_client)
    hosts.put(HostReport(name="alpha", owner="a", slots=1, free=1, release=None, languages=()))
    host.take_name(Fleet(hosts, "alpha", "a"), leases, pause=not_needed)


def not_needed(_: float) -> None:
    pytest.fail("it waits")


def test_a_host_is_the_same_after_a_restart_and_no_other(tmp_path: Path) -> None:
    owner, again = (make_fleet(settings(data_dir=str(tmp_path))).owner for _ in range(2))
    assert owner == again != make_fleet(settings(data_dir=str(tmp_path / "b"))).owner


def test_without_redis_no_name_is_taken() -> None:
    without = settings(redis_url="unix:///nowhere.sock", host="alpha")
    with pytest.raises(Waits, match="No such file"):
        host.take_name(make_fleet(without), make_leases(without), waits=raise_it)


def test_a_folder_behind_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ValueError, match="Symlink loop from"):
        Settings(data_dir=tmp_path / "loop")


class Waits(Exception):
    """For Redis."""


def raise_it(why: str) -> None:
    raise Waits(why)


@pytest.mark.parametrize("recorded", [None, "the same", "another"])
def test_a_database_that_is_not_the_service_s_is_refused(
    mongo_server: MongoServer, recorded: str | None
) -> None:
    own, hosts = settings(database_url=mongo_server.url("host")), MemoryHosts(Clock())
    if recorded is not None:
        name = "host" if recorded == "the same" else "service"
        with closing(MongoStore(mongo_server.url(name), timeout=5)) as store:
            hosts.put_database(store.identity())
    if recorded == "another":
        with pytest.raises(UpError, match="DATABASE_URL names another database than that of the s"):
            host.check_database(own, hosts)
    else:
        host.check_database(own, hosts)


def test_without_redis_the_database_is_not_compared(
    mongo_server: MongoServer, caplog: pytest.LogCaptureFixture
) -> None:
    without = settings(
        database_url=mongo_server.url("host"), redis_url="unix:///nowhere.sock", host="alpha"
    )
    host.check_database(without, make_fleet(without).hosts)
    assert "Redis is unavailable" in caplog.text


def test_a_database_that_is_unavailable_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    down = settings(database_url="mongodb://127.0.0.1:1/podline")
    host.check_database(down, MemoryHosts(Clock()))
    *_, said = caplog.messages
    assert re.match(r"The database is unavailable: .*127\.0\.0\.1:1.*\. Podline starts", said)


@pytest.mark.parametrize(
    ("machine", "name"),
    [("node-1.example.org", "node-1"), ("Ada_s_PC", "ada-s-pc"), ("-", "x86-64")],
)
def test_a_host_is_named_after_its_machine(
    machine: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: machine)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert host.own_name() == name
    Settings(host=name)


def test_names_that_are_no_names_are_refused() -> None:
    with pytest.raises(ValueError, match=HOST_NAME[:8].replace("[", "\\[")):
        Settings(host="a.b")


@pytest.mark.parametrize("name", ["a.b", "-a", "a-", "Alpha", "a" * 64, "a\n", "../a"])
def test_such_a_name_is_refused_with_what_it_may_be(name: str, tmp_path: Path) -> None:
    with pytest.raises(UpError, match="--name must have 1 to 63 characters"):
        host.run(tmp_path, name)


def test_the_daemon_has_as_many_slots_as_programs_may_run(tmp_path: Path) -> None:
    own = Settings(host="alpha", data_dir=tmp_path)
    sandbox, worker = host_programs(own)
    slots = own.policy().max_running
    assert sandbox.argv[sandbox.argv.index("--slots") + 1] == str(slots)
    assert worker.argv[worker.argv.index("--hostname") + 1] == "podline@alpha"
    assert worker.argv[worker.argv.index("-X") + 1] == "replay"
    assert worker.needs == ("sandbox",)


def test_what_starts_is_the_host_and_not_the_service(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    own = Settings(host="alpha", data_dir=Path("/srv/alpha"))
    printed = Printed(own)
    printed.starting()
    printed.ready([])
    slots = own.policy().max_running
    assert caplog.messages == [
        "Starting the sandbox host alpha in /srv/alpha …",
        f"This host runs up to {slots} programs at once",
    ]


def test_a_daemon_that_is_gone_is_not_waited_for_without_end(tmp_path: Path) -> None:
    times = iter([0.0, 1.0, 2000.0])
    drain = Drain(Settings(host="alpha", data_dir=tmp_path), lambda: next(times))
    assert [drain(), drain(), drain()] == [False, False, True]


def test_a_drain_is_waited_for() -> None:
    answers, pauses = iter([False, False, True]), list[float]()
    wait_until_drained(lambda: next(answers), pauses.append)
    assert pauses == [PAUSE_SECONDS] * 2


@pytest.mark.parametrize(
    "given",
    [
        {"PODLINE_RUNTIME_URL": "unix:///run/podline/sandbox.sock"},
        {"PODLINE_HOST": "alpha", "PODLINE_RUNTIME_URL": "hosts:"},
    ],
)
def test_only_the_daemon_of_a_host_is_drained(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, ["sandbox", "--drain"])
    assert done.exit_code == 1
    assert "PODLINE_HOST" in done.output
    assert "PODLINE_RUNTIME_URL" in done.output
