"""What a program finds in its jail: as much as in a container, and nothing of the host's."""

from pathlib import Path

import pytest

from sandbox.jail.kit import JailKit
from sandbox.jail.view import configuration
from tests.sandbox.test_isolation import printed
from tests.support.sandbox_daemon import SandboxDaemon

SERVES_ITSELF = (
    "import socket\n"
    "with socket.create_server(('{host}', {port}), family=socket.{family}) as server:\n"
    "    with socket.create_connection(server.getsockname()[:2], timeout=5) as client:\n"
    "        server.accept()[0].sendall(b'ok')\n"
    "        print(client.recv(2).decode())\n"
)


@pytest.mark.parametrize(
    ("host", "family"), [("127.0.0.1", "AF_INET"), ("localhost", "AF_INET"), ("::1", "AF_INET6")]
)
def test_a_server_and_its_client_are_one_program(
    sandbox: SandboxDaemon, host: str, family: str
) -> None:
    source = SERVES_ITSELF.format(host=host, port=0, family=family)

    assert printed(sandbox, source, "python") == "ok\n"


def test_a_port_is_free_again_for_the_next_program(sandbox: SandboxDaemon) -> None:
    source = SERVES_ITSELF.format(host="127.0.0.1", port=8080, family="AF_INET")

    for _ in range(sandbox.bays + 1):
        assert printed(sandbox, source, "python") == "ok\n"


def test_its_own_names_resolve_and_no_others_do(sandbox: SandboxDaemon) -> None:
    source = (
        "import socket\n"
        "print(socket.gethostbyname('localhost'), socket.gethostbyname(socket.gethostname()))\n"
        "try: socket.gethostbyname('example.com')\n"
        "except socket.gaierror as error: print(error.errno == socket.EAI_NONAME)\n"
    )

    assert printed(sandbox, source, "python") == "127.0.0.1 127.0.0.1\nTrue\n"


def test_writing_to_dev_full_fails(sandbox: SandboxDaemon) -> None:
    assert printed(sandbox, "echo x > /dev/full || echo full") == "full\n"


def test_var_tmp_is_the_box_as_tmp_is(sandbox: SandboxDaemon) -> None:
    assert printed(sandbox, "echo x > /var/tmp/file; cat /tmp/file") == "x\n"


def test_there_is_a_configuration_of_fonts(sandbox: SandboxDaemon) -> None:
    assert printed(sandbox, "grep -c '<fontconfig>' /etc/fonts/fonts.conf") == "1\n"


def test_fontconfig_has_nothing_to_complain_about(sandbox: SandboxDaemon) -> None:
    if not Path("/usr/bin/fc-match").exists():
        pytest.skip("fontconfig is not installed")

    assert printed(sandbox, "fc-match sans 2>&1 > /dev/null") == ""


def test_proc_shows_nothing_of_the_hosts_kernel(sandbox: SandboxDaemon) -> None:
    names = "cmdline config.gz diskstats interrupts kcore key-users keys partitions sched_debug"
    folders = "acpi asound bus bus/pci fs irq scsi"
    source = f"cd /proc; cat {names} 2>/dev/null; for i in {folders}; do ls -A $i 2>/dev/null; done"

    assert printed(sandbox, source) == ""


def test_proc_shows_what_languages_read(sandbox: SandboxDaemon) -> None:
    files = (
        "cpuinfo meminfo stat uptime loadavg version filesystems mounts net/if_inet6 self/status "
        "self/maps self/cgroup sys/kernel/osrelease sys/vm/overcommit_memory sys/net/core/somaxconn"
    )

    assert (
        printed(
            sandbox, f"cd /proc; for i in {files}; do [ -s $i ] || cat $i; done 2>&1 >/dev/null"
        )
        == ""
    )


def test_no_mount_allows_set_user_ids_and_devices_are_devices_alone(
    sandbox: SandboxDaemon,
) -> None:
    mounts = [line.split() for line in printed(sandbox, "cat /proc/mounts").splitlines()]
    options = {place: set(of_mount.split(",")) for _, place, _, of_mount, *_ in mounts}
    del options["/"]  # nsjail's own: it holds folders and links alone, and is read-only

    assert {place for place, found in options.items() if "nosuid" not in found} == set()
    may_be_devices = {place for place, found in options.items() if "nodev" not in found}
    assert {place for place in may_be_devices if not place.startswith(("/dev/", "/proc/"))} == set()
    assert {place for place, found in options.items() if "rw" in found} == {"/box"}


def test_a_path_of_any_name_can_be_shown(tmp_path: Path) -> None:
    odd = 'with "quotes", \\ : and ü'
    kit = JailKit(nsjail=tmp_path, folder=tmp_path / odd, mounts=(), shown="")

    assert r"with \"quotes\", \\ : and" in configuration(kit, bay=0, disk_mib=1)
