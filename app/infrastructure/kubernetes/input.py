"""What a pod is given: its stages as init takes them, and their output limits for the collector."""

from typing import Final

from app.domain.pod import Pod
from app.languages import LanguageSpec

MARGIN_MIB: Final = 2
"""What main's container may use beside the program: init's own memory, and the kernel's for it."""


def memory_mib(pod: Pod, spec: LanguageSpec) -> int:
    """What main's container may use: the larger of the stages' limits, and the margin.

    init itself holds a run stage to less than that.
    """
    return MARGIN_MIB + _larger(pod.limits.memory_mib, pod.compile_limits.memory_mib, spec)


def disk_mib(pod: Pod, spec: LanguageSpec) -> int:
    """Size of the volume that holds all a program can write; both stages share it."""
    return _larger(pod.limits.disk_mib, pod.compile_limits.disk_mib, spec)


def stages(pod: Pod, spec: LanguageSpec) -> bytes:
    """The value of the ConfigMap's one key; at most 1 MiB for a submission within the maxima."""
    raise NotImplementedError


def _larger(run: int, compile: int, spec: LanguageSpec) -> int:
    return max(run, compile) if spec.compile else run
