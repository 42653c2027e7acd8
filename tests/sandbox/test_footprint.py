"""Runs leave nothing behind in the daemon. `make bench` checks it after a thousand runs."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from app.domain.policy import DEFAULT_LIMITS
from tests.support.footprint import Footprint
from tests.support.sandbox_daemon import SandboxDaemon
from tests.support.waiting import wait_until

ENDS_IN_MANY_WAYS = (
    "exit 0",
    "kill -9 $$",
    "head -c 1M /dev/zero",
    "(setsid sleep 600 &); exec >&- 2>&-",
    "while :; do :; done",
)
LIMITS = replace(DEFAULT_LIMITS, cpu_seconds=0.05)
MEMORY_KIB = 4096
"""Python's allocator may keep that much more."""


def settled(sandbox: SandboxDaemon) -> Footprint:
    wait_until(lambda: len(sandbox.waiting_jails()) == sandbox.bays)
    return Footprint.of(sandbox)


def test_what_it_holds_stays_the_same(own_sandbox: SandboxDaemon) -> None:
    def run_all(times: int) -> None:
        with ThreadPoolExecutor(own_sandbox.bays) as pool:
            for ended in [
                pool.submit(own_sandbox.run, "bash", source, limits=LIMITS)
                for source in ENDS_IN_MANY_WAYS * times
            ]:
                ended.result()

    run_all(3)
    before = settled(own_sandbox)

    run_all(6)

    # A jail that was just made may still hold a descriptor, now as before.
    wait_until(lambda: settled(own_sandbox).descriptors <= before.descriptors)
    after = settled(own_sandbox)
    assert replace(after, memory_kib=0, descriptors=0) == replace(
        before, memory_kib=0, descriptors=0
    )
    assert after.memory_kib - before.memory_kib < MEMORY_KIB
