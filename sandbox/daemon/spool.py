"""Pods on disk until they are deleted, so that a verdict outlives the daemon that reached it.

Each pod has a file, which is empty while the pod runs and is written in one go when it ends.
Nothing is synced: a killed process loses nothing that it wrote, and after a power failure, an
incomplete file stands for a pod that was running.

While the disk is full, ended pods stay in memory; they are written when there is space again. They
are few, because a pod holds a slot of the service until its result is stored.
"""

import json
import logging
import os
import threading
from contextlib import suppress
from pathlib import Path

from sandbox.daemon.run import EndedPod
from sandbox.private import make_folder
from sandbox.wire import messages
from sandbox.wire.framing import Parts, ProtocolError
from sandbox.wire.types import Observation, Phase, Stream

RESTARTED = "the sandbox daemon was restarted"

log = logging.getLogger(__name__)


class Spool:
    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self._folder = folder
        self._lock = threading.Lock()
        self._unwritten: dict[str, EndedPod] = {}

    def begin(self, name: str) -> None:
        """From now on the pod is known, whatever happens to the daemon.

        On a full disk the pod runs all the same, but a daemon that is killed then forgets it.
        """
        try:
            os.close(os.open(self._folder / name, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        except OSError as error:
            log.warning("pod %s is not on disk: %s", name, error)

    def end(self, pod: EndedPod) -> None:
        try:
            self._write(pod)
        except OSError as error:
            log.warning("pod %s stays in memory: %s", pod.observation.name, error)
            with self._lock:
                self._unwritten[pod.observation.name] = pod

    def remove(self, name: str) -> None:
        with self._lock:
            self._unwritten.pop(name, None)
            (self._folder / name).unlink(missing_ok=True)
            self._write_what_waits()

    def _write_what_waits(self) -> None:
        with suppress(OSError):
            for name, pod in list(self._unwritten.items()):
                self._write(pod)
                del self._unwritten[name]

    def _write(self, pod: EndedPod) -> None:
        (self._folder / pod.observation.name).write_bytes(_encode(pod))

    def names(self) -> list[str]:
        return [entry.name for entry in os.scandir(self._folder)]

    def read(self, name: str) -> EndedPod | None:
        """None if there is no such pod. One that has not ended was lost by an earlier daemon."""
        with self._lock:
            if pod := self._unwritten.get(name):
                return pod
        try:
            content = (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        try:
            return _decode(content)
        except (ValueError, KeyError, TypeError):
            if content:
                log.warning("the stored state of pod %s is incomplete", name)
            return EndedPod(
                observation=Observation(name=name, phase=Phase.FAULTED, message=RESTARTED)
            )


def _encode(pod: EndedPod) -> bytes:
    frames, content = messages.frames_message(pod.frames)
    compiled = pod.compile_output
    header = {
        "observation": messages.observation_header(pod.observation),
        "compile_output": messages.stage_output_header(compiled) if compiled else None,
        "frames": frames,
        "truncated": sorted(pod.truncated),
    }
    body = messages.stage_output_body(compiled) + content if compiled else content
    return json.dumps(header).encode() + b"\n" + body


def _decode(content: bytes) -> EndedPod:
    head, newline, body = content.partition(b"\n")
    if not newline:
        raise ProtocolError("there is no header")
    header = json.loads(head)
    parts = Parts(body)
    compiled = header["compile_output"]
    pod = EndedPod(
        observation=messages.observation_of(header["observation"]),
        compile_output=messages.stage_output_of(compiled, parts) if compiled else None,
        frames=messages.frames_of(header["frames"], parts),
        truncated={Stream(stream) for stream in header["truncated"]},
    )
    parts.end()
    return pod
