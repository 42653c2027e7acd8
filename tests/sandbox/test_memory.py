"""What the C library keeps for a process with many threads."""

import ctypes
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_info"), reason="the C library is not glibc"
)

_PROCESS = """
import ctypes, threading
from sandbox.memory import return_what_is_freed

return_what_is_freed()
all_hold_a_block = threading.Barrier(8)

def hold():
    block = bytes(100_000)
    all_hold_a_block.wait()

threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
c_library = ctypes.CDLL(None)
c_library.malloc_info(0, ctypes.c_void_p.in_dll(c_library, "stdout"))
c_library.fflush(None)
"""


def test_threads_share_one_arena() -> None:
    process = subprocess.run(
        [sys.executable, "-c", _PROCESS], stdout=subprocess.PIPE, check=True, text=True
    )
    assert process.stdout.count("<heap nr=") == 1
