"""Tries every limit on a small program before the daemon accepts any pod."""

import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sandbox.daemon.limits import held
from sandbox.daemon.recorder import Recorder
from sandbox.daemon.stage import Fault, run_stage
from sandbox.init.program import Program
from sandbox.jail.jail import Jail
from sandbox.jail.kit import JailKit
from sandbox.jail.launcher import Launcher
from sandbox.metering.meter import Meter
from sandbox.wire.types import HeldLimit, Holder, Limit, LimitName, Limits, StageReport, Stream

log = logging.getLogger(__name__)

_KIB: Final = 1024
_DISK_MIB: Final = 1
_ENOUGH: Final = Limits(
    wall_seconds=5, cpu_seconds=5, memory_mib=64, processes=16, output_kib=4, disk_mib=_DISK_MIB
)
_DONE: Final = b"done\n"
"""Printed by a program that succeeded in what it must not do."""


class NoJail(RuntimeError):
    """No jail can be made on this host; the message says what prevents it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A shell program that tries to exceed a limit, and how it must end."""

    script: str
    limits: Limits
    stopped_by: Limit | None = None
    """None: it must fail by itself before it prints `done`."""


# Memory comes last: the kernel may kill the jail itself.
TRIALS: Final[Mapping[LimitName, Trial]] = {
    LimitName.WALL: Trial(
        script="sleep 2; echo done",
        limits=replace(_ENOUGH, wall_seconds=0.03),
        stopped_by=Limit.WALL,
    ),
    LimitName.CPU: Trial(
        script="(while :; do :; done) & while :; do :; done",
        limits=replace(_ENOUGH, cpu_seconds=0.03, wall_seconds=2),
        stopped_by=Limit.CPU,
    ),
    LimitName.OUTPUT: Trial(
        script="while :; do echo more; done",
        limits=_ENOUGH,
        stopped_by=Limit.OUTPUT,
    ),
    LimitName.PROCESSES: Trial(
        script="for i in 1 2 3 4 5 6; do sleep 2 & done; echo done",
        limits=replace(_ENOUGH, processes=4, wall_seconds=2),
    ),
    LimitName.DISK: Trial(
        script="head -c 2M /dev/zero > full && echo done; rm -f full",
        limits=_ENOUGH,
    ),
    LimitName.INODES: Trial(
        script="i=0; while [ $i -lt 300 ]; do : > $i || exit; i=$((i + 1)); done; echo done",
        limits=_ENOUGH,
    ),
    LimitName.MEMORY: Trial(
        # `tail` prints once it has everything, and is stopped there while it holds all of it.
        script=(
            "head -c 60M /dev/zero | tail -c 60M | "
            r'{ [ "$(head -c 1 | tr "\0" x)" ] && sleep 2; exit 1; }'
        ),
        limits=replace(_ENOUGH, memory_mib=16),
        stopped_by=Limit.MEMORY,
    ),
}

_HARMLESS: Final = Trial(script="exit 0", limits=_ENOUGH)


def limits_held(kit: JailKit, meter: Meter) -> Sequence[HeldLimit]:
    """Return what enforces each limit here, after trying it. Raises NoJail."""
    with ThreadPoolExecutor(1) as thread:  # it ends, since it could not leave the bay again
        limits = held(meter.ground, thread.submit(_broken_limits, kit, meter).result())
    for item in limits:
        enforced = item.by is not Holder.NOBODY
        by = f"enforced by the {item.by}" if enforced else "not enforced"
        log.info("limit %s: %s: %s", item.limit, by, item.how)
    return limits


def _broken_limits(kit: JailKit, meter: Meter) -> Mapping[LimitName, str]:
    """What was seen of each limit that is not enforced."""
    meter.join()
    jail_log = os.memfd_create("jail-log")
    try:
        launcher = Launcher(kit, bay=0, disk_mib=_DISK_MIB, log=jail_log)
        jail = launcher.open_jail()
        try:
            if not jail.wait_until_ready():
                raise Fault("it could not be set up")
            meter.adopt(jail.init_pid)
            return _try_all(jail, meter)
        finally:
            jail.close()
            launcher.close()
    except (Fault, OSError) as error:
        said = os.pread(jail_log, _KIB, 0).decode(errors="replace").strip()
        raise NoJail(explained(f"{error}: {said}" if said else str(error))) from error
    finally:
        os.close(jail_log)


def _try_all(jail: Jail, meter: Meter) -> dict[LimitName, str]:
    _run(jail, meter, _HARMLESS)
    broken = {}
    for name, trial in TRIALS.items():
        report, printed = _run(jail, meter, trial)
        if printed.endswith(_DONE):
            broken[name] = "a test program exceeded it"
        elif trial.stopped_by and report.stopped_by is not trial.stopped_by:
            by = report.stopped_by or "nothing"
            broken[name] = f"a test program that exceeded it was stopped by {by}"
    return broken


def _run(jail: Jail, meter: Meter, trial: Trial) -> tuple[StageReport, bytes]:
    recorder = Recorder(trial.limits.output_kib * _KIB)
    program = Program(
        argv=["/bin/sh", "-c", trial.script],
        env={"PATH": "/usr/bin:/bin"},
        stdin=b"",
        limits=trial.limits,
        spare_processes=0,
    )
    return run_stage(jail, meter, program, (), recorder), recorder.printed(Stream.STDOUT)


_IN_THE_WAY: Final = (
    (
        "user/max_user_namespaces",
        "0",
        "user namespaces are disabled: sysctl user.max_user_namespaces",
    ),
    (
        "kernel/unprivileged_userns_clone",
        "0",
        "ordinary users can't create user namespaces: sysctl kernel.unprivileged_userns_clone=1",
    ),
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor keeps ordinary users from user namespaces: "
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile for nsjail",
    ),
)
"""Kernel settings below /proc/sys that are known to prevent jails."""


def explained(said: str, settings: Path = Path("/proc/sys")) -> str:
    reasons = [
        reason
        for name, value, reason in _IN_THE_WAY
        if (settings / name).exists() and (settings / name).read_text().strip() == value
    ]
    if not reasons:
        reasons = ["a container must be allowed to create namespaces and to mount"]
    return f"can't create a jail here ({'; '.join(reasons)}): {said}"
