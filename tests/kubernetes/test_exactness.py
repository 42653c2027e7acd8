"""What a user sends arrives in the program byte for byte."""

import json
from hashlib import sha256
from typing import Any

import pytest

from app.domain.pod import Pod
from app.domain.policy import InputMaxima
from app.domain.report import Phase
from app.domain.submission import File
from app.infrastructure.kubernetes.limits import MAX_INPUT_BYTES
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from sandbox import languages
from tests.kubernetes.conftest import new_and_ahead
from tests.support.sandbox_daemon import a_pod, a_run, language, wait_for_end

pytestmark = [
    pytest.mark.kubernetes,
    pytest.mark.timeout(300),
    new_and_ahead({"python": 1, "bash": 1}),
]

TELLS = b"""\
import hashlib, json, os, sys
def digest(content):
    return hashlib.sha256(content).hexdigest()
files = {}
for folder, _, names in os.walk(b"."):
    for name in names:
        path = os.path.join(folder, name)
        files[os.fsdecode(path[2:])] = digest(open(path, "rb").read())
print(json.dumps({
    "args": [digest(os.fsencode(arg)) for arg in sys.argv[1:]],
    "env": {name: digest(os.fsencode(value)) for name, value in os.environ.items()},
    "stdin": digest(sys.stdin.buffer.read()),
    "files": files,
}))
"""
MAXIMA = InputMaxima()
SPECS = languages.load()
HOSTILE = (
    "$(PATH)",
    "$$(PATH)",
    "$$",
    "${HOME}",
    "`id`",
    "'; exit 1; '",
    '"}],"hostNetwork":true',
    "}\n---\nkind: Pod\nspec: {hostPID: true}\n",
    "{executable} {program} {} %s %(name)s",
    "--help",
    "",
    " \t\r\n",
    "\x01\x7f\u202e\U0001f600",
)
ENV = {
    "LD_PRELOAD_": "/podline/channel/init",
    "BASH_ENV": "/etc/passwd",
    "IFS": "/",
    "KUBERNETES_SERVICE_HOST": "10.0.0.1",
    "A": "a=b=c",
    "DOLLARS": "$(A) $$(A) $A",
    "_": "",
}


def reported(runtime: KubernetesRuntime, **facts: Any) -> tuple[Pod, dict[str, Any]]:
    """What the program received, as it reports it."""
    pod = a_pod(language(runtime, "python"), **facts)
    observation = wait_for_end(runtime, pod)
    output = runtime.output(pod.name)
    assert output, observation
    assert output.run
    assert output.run.stderr == b""
    found: dict[str, Any] = json.loads(output.run.stdout)
    return pod, found


def digest(content: bytes | str) -> str:
    return sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def assert_exact(pod: Pod, found: dict[str, Any]) -> None:
    (run,) = pod.runs
    assert found["args"] == [digest(arg) for arg in run.args]
    assert found["stdin"] == digest(run.stdin)
    assert found["files"] == {file.name: digest(file.content) for file in pod.files}
    for name, value in run.env.items():
        assert found["env"][name] == digest(value), name


def test_what_looks_like_something_else(cluster: KubernetesRuntime) -> None:
    names = ("$(PATH).txt", "a b/'; reboot; '", "---\nkind: Pod", "{program}", "-rf", "\u202e.py")
    pod, found = reported(
        cluster,
        args=HOSTILE,
        env=ENV,
        stdin=bytes(range(256)),
        files=(File("main.py", TELLS), *(File(name, name.encode()) for name in names)),
    )

    assert_exact(pod, found)
    of_ours = {"PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "LC_CTYPE", *SPECS["python"].env}
    assert found["env"].keys() - ENV.keys() <= of_ours


def test_a_library_to_preload_is_the_programs_own_affair(cluster: KubernetesRuntime) -> None:
    """The program gets it, and nothing that runs before the program does."""
    pod = a_pod(language(cluster, "python"), "print('ran')", env={"LD_PRELOAD": "/tmp/evil.so"})
    wait_for_end(cluster, pod)

    output = cluster.output(pod.name)
    assert output
    assert output.run
    assert output.run.stdout == b"ran\n"
    assert output.run.stderr.count(b"/tmp/evil.so") == 1


def test_every_field_at_its_maximum(cluster: KubernetesRuntime) -> None:
    half = MAX_INPUT_BYTES // 2 - 100_000
    tail = "x" * (MAXIMA.file_name_bytes - 3)
    small = [File(f"{n:03}{tail}", b"x") for n in range(MAXIMA.files - 2)]
    variable = MAXIMA.env_bytes // MAXIMA.env
    pod, found = reported(
        cluster,
        args=("a" * (MAXIMA.args_bytes // MAXIMA.args),) * MAXIMA.args,
        env={f"V{n:02}": "v" * (variable - 3) for n in range(MAXIMA.env)},
        stdin=b"\xff" * half,
        files=(File("main.py", TELLS), File("large", b"\0" * half), *small),
    )

    assert len(pod.files) == MAXIMA.files
    assert_exact(pod, found)


def test_an_input_of_several_config_maps_arrives_as_it_is(cluster: KubernetesRuntime) -> None:
    bash = language(cluster, "bash")
    inputs = [bytes([number]) * 250_000 for number in range(1, 11)]
    runs = tuple(a_run(stdin=stdin) for stdin in inputs)
    pod = a_pod(bash, "sha256sum", runs=runs)

    assert wait_for_end(cluster, pod).phase is Phase.ENDED

    output = cluster.output(pod.name)
    assert output
    printed = [run.stdout.split()[0].decode() if run else None for run in output.runs]
    assert printed == [sha256(stdin).hexdigest() for stdin in inputs]
    cluster.delete(pod.name)
    assert cluster.list_pods() == []
