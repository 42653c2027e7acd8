"""Data waiting in sockets is counted with the kernel's own tables."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.metering.queues import Queues

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
ROW = "{sl}: 0100007F:1F90 0100007F:BC4C {state} {tx:08X}:{rx:08X} 00:00000000 00000000 99999\n"
IN_USE = "sockets: used 9\nTCP: inuse {tcp} orphan 0 tw 0 alloc 7 mem 3\nUDP: inuse {udp} mem 0\n"


@pytest.fixture
def proc(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A folder in place of a jail's /proc, and its descriptor."""
    net = tmp_path / "1" / "net"
    net.mkdir(parents=True)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield net, descriptor
    os.close(descriptor)


def rows(*queues: tuple[str, int, int]) -> str:
    return HEADER + "".join(
        ROW.format(sl=i, state=state, tx=tx, rx=rx) for i, (state, tx, rx) in enumerate(queues)
    )


def test_both_directions_of_all_tables_are_added_up(proc: tuple[Path, int]) -> None:
    net, descriptor = proc
    (net / "sockstat").write_text(IN_USE.format(tcp=2, udp=1))
    (net / "tcp").write_text(rows(("01", 4096, 1024), ("01", 0, 2048)))
    (net / "udp6").write_text(rows(("07", 0, 1024)))

    assert Queues(descriptor).kib() == 8


def test_callers_that_wait_for_a_listener_are_no_bytes(proc: tuple[Path, int]) -> None:
    net, descriptor = proc
    (net / "sockstat").write_text(IN_USE.format(tcp=1, udp=0))
    (net / "tcp").write_text(rows(("0A", 0, 1 << 20)))

    assert Queues(descriptor).kib() == 0


def test_tables_are_not_read_while_no_socket_is_in_use(proc: tuple[Path, int]) -> None:
    net, descriptor = proc
    (net / "sockstat").write_text(IN_USE.format(tcp=0, udp=0))
    (net / "sockstat6").write_text("TCP6: inuse 0\nUDP6: inuse 0\n")
    (net / "tcp").write_text(rows(("01", 1 << 20, 0)))

    assert Queues(descriptor).kib() == 0


def test_of_a_jail_that_is_gone_nothing_is_counted(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)

    assert Queues(descriptor).kib() == 0

    os.close(descriptor)
