"""A program in main can't see, signal, trace or write to what watches it."""

from pathlib import Path
from signal import SIGKILL, SIGSEGV, SIGSTOP, SIGTERM

import pytest

from tests.pod.local_pod import run

ATTEMPTS = {
    "reads the descriptors of init": "os.listdir('/proc/1/fd')",
    "reads the memory of init": "open('/proc/1/mem', 'rb')",
    "opens a stream of init": "open('/proc/1/fd/1', 'wb')",
    "reads the environment of init": "open('/proc/1/environ', 'rb').read()",
    "traces init": "refused(libc.ptrace(16, 1, 0, 0))",
    "writes to the channel": "open('/podline/channel/status', 'wb')",
    "removes init": "os.unlink('/podline/channel/init')",
    "overwrites init": "open('/podline/channel/init', 'wb')",
    "overwrites what is preloaded": "open('/podline/channel/line/line.so', 'wb')",
    "adds to what is preloaded": "open('/podline/channel/line/new.py', 'wb')",
    "makes a FIFO": "os.mkfifo('/podline/channel/stdout')",
    "mounts over the channel": "refused(libc.mount(b'x', b'/podline', b'tmpfs', 0, 0))",
    "reads the input": "os.listdir('/podline/input')",
    "reads the termination message": "open('/dev/termination-log')",
    "holds another descriptor": "refused(-(len(os.listdir('/proc/self/fd')) == 4))",
    "finds a FIFO": "refused(-(sorted(os.listdir('/podline/channel')) == ['init', 'line']))",
    "inherits an environment": "refused(-(not {'HOSTNAME', 'KUBERNETES_PORT'} & set(os.environ)))",
}
PROGRAM = """
import ctypes, os
libc = ctypes.CDLL(None)
def refused(answer):
    if answer < 0:
        raise PermissionError
try:
    {attempt}
except OSError:
    print("refused")
"""


@pytest.mark.parametrize("what", ATTEMPTS)
def test_it_is_refused(folder: Path, what: str) -> None:
    ended = run(folder, PROGRAM.format(attempt=ATTEMPTS[what]), "python")

    assert ended.output.run
    assert ended.output.run.stdout == b"refused\n", what


@pytest.mark.parametrize("target", [1, -1])
@pytest.mark.parametrize("number", [SIGKILL, SIGSTOP, SIGTERM, SIGSEGV])
def test_it_can_t_signal_init(folder: Path, target: int, number: int) -> None:
    """Whether they are sent or refused, init ignores them."""
    ended = run(folder, f"kill -{number} {target}; exit 7", "bash")

    assert ended.report.run
    assert ended.report.run.exit_code == 7, ended.message
