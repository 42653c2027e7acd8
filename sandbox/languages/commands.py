"""What the stages of a language run, wherever its tool chain is."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from sandbox.init.program import Program
from sandbox.init.protocol import PROGRAM
from sandbox.languages import java
from sandbox.languages.ahead import AheadOfTask, ahead_of_task
from sandbox.languages.spec import (
    COMPILE_ARGS,
    LINE_ARGS,
    PREPARED_ARGS,
    SOURCES,
    STACK,
    LanguageSpec,
)
from sandbox.wire.types import Buffering, Limits, Pod, Run, Streams

CACHES: Final = "/var/cache/podline"
"""Where jails and images have what a language's `prepare` made."""
NODE: Final = "node"
PATH: Final = "/usr/local/bin:/usr/bin:/bin"
ENV: Final = {"PATH": PATH, "HOME": "/box/work", "LANG": "C.UTF-8", "TMPDIR": "/tmp"}
_STACKS_IN_HEAP: Final = 4
_OWN_STACK_MAX_MIB: Final = 32
_HEAP_AT_LEAST: Final = 4
"""A quarter of the limit, however large the overhead."""


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands of one language in one version."""

    spec: LanguageSpec
    executable: str
    version: str
    runtime: str = ""
    """The program that `{runtime}` names, if the language has one."""
    prepared: bool = False
    """Whether jails have what `prepare` made."""

    @property
    def cache_name(self) -> str:
        """One name per series of versions, so that a bug-fix release leaves no cache behind."""
        return f"{self.spec.name}-{'.'.join(self.version.split('.')[:2])}"

    @property
    def environment(self) -> str:
        """The name of its packages' environment. All of Node's languages and versions share one."""
        return NODE if self.spec.packages == "npm" else self.cache_name

    def fitted(self, pod: Pod) -> Pod:
        """The pod, with its program's file named as the language requires."""
        if self.spec.leaves_out(pod.entrypoint):
            pod = _renamed(pod, self.spec.source)
        return java.with_fitting_name(pod) if self.spec.starts_main_class else pod

    def compile_program(self, pod: Pod) -> Program:
        cache = f"{CACHES}/{self.cache_name}"
        known = {"executable": self.executable, "cache": cache}
        prepared = [part.format(**known) for part in self.spec.prepared_args if self.prepared]
        options = {STACK: (), LINE_ARGS: (), PREPARED_ARGS: prepared}
        argv = self._argv(self.spec.compile, pod, pod.compile_limits, options)
        env = {**ENV, **self.compile_env(cache)}
        return self._program(argv, env, b"", pod.compile_limits)

    def compiler_ahead(self, pod: Pod) -> AheadOfTask | None:
        """The compiler of that pod, started ahead; None if it has to be started anew."""
        if not (self.spec.ahead and self.prepared):
            return None
        known = {
            "executable": self.executable,
            "bin": os.path.dirname(self.executable),
            "cache": f"{CACHES}/{self.cache_name}",
            "heap_mib": self._heap_mib(pod.compile_limits),
        }
        argv = [part.format(**known) for part in self.spec.ahead]
        return ahead_of_task(pod, self.compile_program(pod), argv, self.spec.ahead_args)

    def run_program(self, pod: Pod, run: Run, line: str, *, memory_is_counted: bool) -> Program:
        """What a run of the pod starts. `line` is the folder with the files of `sandbox.line`.

        `memory_is_counted` means that a control group counts memory, so a stack costs only what is
        used of it.
        """
        by_line = pod.buffering is Buffering.LINE
        options = {
            PREPARED_ARGS: (),
            STACK: self._stack_options(run.limits, memory_is_counted=memory_is_counted),
            LINE_ARGS: [part.format(line=line) for part in self.spec.line_args if by_line],
        }
        argv = [*self._argv(self.spec.run, pod, run.limits, options), *run.args]
        env = {**ENV, **self.spec.env, **run.env}
        if by_line:
            env |= _in_front(env, self.spec.line_env, line)
        program = self._program(argv, env, run.stdin, run.limits)
        return replace(program, merged=pod.streams is Streams.MERGED)

    def compile_env(self, cache: str) -> dict[str, str]:
        """Variables of the compile stage, with the cache in that folder."""
        known = {"executable": self.executable, "cache": cache}
        return {name: value.format(**known) for name, value in self.spec.compile_env.items()}

    def _stack_options(self, limits: Limits, *, memory_is_counted: bool) -> list[str]:
        """Stack options of the language's runtime; none if its own default is to apply.

        If no size was asked for, the stack is so large that endless recursion ends in the
        language's own error and not at the memory limit: Java takes several times its stack to
        raise that error (measured: 111 MiB at 32, 271 at 64, 910 at 128).
        """
        if limits.stack_mib is None and not memory_is_counted:
            return []
        share_mib = min(max(1, self._heap_mib(limits) // _STACKS_IN_HEAP), _OWN_STACK_MAX_MIB)
        stack_mib = limits.stack_mib or share_mib
        known = {"stack_mib": stack_mib, "stack_kib": stack_mib * 1024}
        return [part.format(**known) for part in self.spec.stack]

    def _argv(
        self,
        template: Sequence[str],
        pod: Pod,
        limits: Limits,
        options: Mapping[str, Sequence[str]],
    ) -> list[str]:
        stem, suffix = os.path.splitext(pod.entrypoint)
        known = {
            "executable": self.executable,
            "bin": os.path.dirname(self.executable),
            "entrypoint": _operand(pod.entrypoint),
            "stem": stem,
            "output": stem + self.spec.outputs.get(suffix, suffix),
            "runtime": self.runtime,
            "main_class": java.main_class(pod) if "{main_class}" in template else "",
            "program": PROGRAM,
            "memory_mib": limits.memory_mib,
            "heap_mib": self._heap_mib(limits),
        }
        sources = [
            _operand(file.name) for file in pod.files if file.name.endswith(self.spec.suffixes)
        ]
        lists = {SOURCES: sources, COMPILE_ARGS: pod.compile_args, **options}
        arguments: list[str] = []
        for part in template:
            arguments += lists[part] if part in lists else [part.format(**known)]
        return arguments

    def _heap_mib(self, limits: Limits) -> int:
        left = limits.memory_mib - self.spec.overhead_mib
        return max(left, limits.memory_mib // _HEAP_AT_LEAST, 1)

    def _program(
        self, argv: list[str], env: Mapping[str, str], stdin: bytes, limits: Limits
    ) -> Program:
        return Program(
            argv=argv,
            env=env,
            stdin=stdin,
            limits=limits,
            spare_processes=self.spec.threads,
            sizes_its_stack=bool(self.spec.stack),
        )


def _renamed(pod: Pod, name: str) -> Pod:
    """Rename the entrypoint, unless another file has that name."""
    path = str(PurePosixPath(pod.entrypoint).with_name(name))
    if any(file.name == path for file in pod.files):
        return pod
    files = (replace(f, name=path) if f.name == pod.entrypoint else f for f in pod.files)
    return replace(pod, files=tuple(files), entrypoint=path)


def _in_front(env: Mapping[str, str], ours: Mapping[str, str], line: str) -> dict[str, str]:
    """Put each of our path lists in front of the program's own list of that name."""
    lists = {name: (value.format(line=line), env.get(name)) for name, value in ours.items()}
    return {name: ":".join(filter(None, paths)) for name, paths in lists.items()}


def _operand(name: str) -> str:
    """The file's name so that no command takes it for an option or a file of options (`@file`)."""
    return f"./{name}" if name.startswith(("-", "@")) else name
