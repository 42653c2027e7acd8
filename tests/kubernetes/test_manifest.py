"""Whole pod manifests, compared with those in golden/, and what can change them."""

import base64
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import RunRefused
from app.domain.pod import Pod, Run
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.submission import File, Limits
from app.infrastructure.kubernetes import input
from app.infrastructure.kubernetes.manifest import PodOptions, config_maps, pod_manifest
from tests.support.kubernetes.cluster import offers
from tests.support.sandbox_daemon import a_pod, a_run

GOLDEN = Path(__file__).with_name("golden")
NAME = "01j00000000000000000000001-1"
IMAGES = "python=podline/python:3.12,c=registry.example:5000/c:12.2@sha256:" + "ab" * 32
OPTIONS = PodOptions(collector_image="podline/pod:0.1.0")
OFFERS = offers(IMAGES)
LANGUAGES = {language.name: language for language in OFFERS.languages(None)}


def made(pod: Pod, options: PodOptions = OPTIONS) -> dict[str, Any]:
    return pod_manifest(pod, OFFERS.of(pod), options)


@pytest.mark.parametrize(
    ("golden", "language", "options"),
    [
        ("python", "python", OPTIONS),
        ("c", "c", OPTIONS),
        (
            "all-options",
            "python",
            PodOptions(
                collector_image="registry.example/podline/pod@sha256:" + "cd" * 32,
                image_pull_policy="Always",
                image_pull_secret="registry",
                runtime_class="gvisor",
                node_selector={"pool": "sandboxes"},
                tolerations=({"key": "dedicated", "operator": "Exists"},),
                priority_class="podline-sandboxes",
                cpu_request=0.25,
                cpu_limit=2,
                start_timeout=20,
            ),
        ),
    ],
)
def test_the_whole_manifest(golden: str, language: str, options: PodOptions) -> None:
    manifest = made(a_pod(LANGUAGES[language], b"", name=NAME), options)

    assert manifest == yaml.safe_load((GOLDEN / f"{golden}.yaml").read_text())


def test_the_whole_config_map() -> None:
    pod = a_pod(LANGUAGES["python"], b"print(1)\n", name=NAME)
    offer = OFFERS.of(pod)
    stages = base64.b64encode(input.stages(pod, offer.spec)).decode()

    expected = yaml.safe_load((GOLDEN / "config-map.yaml").read_text())
    assert config_maps(pod, offer) == [{**expected, "binaryData": {"stages": stages}}]


def distinct(count: int, size: int) -> tuple[Run, ...]:
    """Runs that share no stdin."""
    return tuple(a_run(stdin=b"%03d" % number + b"x" * (size - 3)) for number in range(count))


def test_an_input_that_is_too_large_for_one_config_map_is_in_several() -> None:
    tests = distinct(11, 250_000)
    pod = a_pod(LANGUAGES["python"], b"print(1)\n", name=NAME, runs=tests)
    offer = OFFERS.of(pod)

    first, *others = config_maps(pod, offer)

    content = [base64.b64decode(each["binaryData"]["stages"]) for each in (first, *others)]
    assert b"".join(content) == input.stages(pod, offer.spec)
    assert max(map(len, content)) < 1 << 20
    assert first["metadata"]["name"] == NAME
    names = [f"{NAME}-input-1", f"{NAME}-input-2"]
    assert [each["metadata"]["name"] for each in others] == names
    assert {each["metadata"]["labels"]["podline/follows"] for each in others} == {NAME}
    (volume,) = (
        each
        for each in pod_manifest(pod, offer, OPTIONS, 3)["spec"]["volumes"]
        if "projected" in each
    )
    assert volume["projected"]["sources"] == [
        {"configMap": {"name": name, "items": [{"key": "stages", "path": f"stages.{number}"}]}}
        for number, name in enumerate([NAME, *names])
    ]


def test_more_than_that_is_refused() -> None:
    pod = a_pod(LANGUAGES["python"], runs=distinct(17, 250_000))

    with pytest.raises(RunRefused, match=r"^tests: "):
        config_maps(pod, OFFERS.of(pod))


HOSTILE = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60),
    st.sampled_from(
        [
            "$(PATH)",
            "$$(PATH)",
            "${HOME}",
            "`id`",
            "}]}\nspec: {hostNetwork: true}",
            "- {name: evil}",
            "{{ .Values.x }}",
            "%(name)s {executable} {program}",
            "../../etc/passwd",
            "/podline/channel/init",
            "\n---\nkind: Pod",
            "'; reboot; '",
        ]
    ),
)


@settings(max_examples=60, deadline=None)
@given(
    args=st.lists(HOSTILE, max_size=8),
    env=st.dictionaries(
        st.sampled_from(["LD_PRELOAD", "PATH", "KUBERNETES_SERVICE_HOST", "IFS", "A"]), HOSTILE
    ),
    content=st.binary(max_size=200),
    stdin=st.binary(max_size=200),
    name=HOSTILE,
)
def test_nothing_that_a_user_writes_is_in_a_manifest(
    args: list[str], env: dict[str, str], content: bytes, stdin: bytes, name: str
) -> None:
    plain = a_pod(LANGUAGES["python"], b"", name=NAME)
    file = File(name or "main.py", content)
    hostile = a_pod(
        LANGUAGES["python"],
        name=NAME,
        args=tuple(args),
        env=env,
        files=(file,),
        entrypoint=file.name,
        stdin=stdin,
    )

    assert made(hostile) == made(plain)
    assert _without_data(hostile) == _without_data(plain)


def _without_data(pod: Pod) -> dict[str, Any]:
    (manifest,) = config_maps(pod, OFFERS.of(pod))
    assert list(manifest.pop("binaryData")) == ["stages"]
    return manifest


def test_limits_are_sizes_and_times() -> None:
    """The only other fields that a submission decides."""
    limits = Limits(
        wall_seconds=60,
        cpu_seconds=60,
        memory_mib=1024,
        processes=256,
        output_kib=1024,
        disk_mib=256,
    )
    large = made(a_pod(LANGUAGES["python"], name=NAME, limits=limits))
    plain = made(a_pod(LANGUAGES["python"], name=NAME))

    assert _differences(plain, large) == {
        "spec.activeDeadlineSeconds",
        "spec.containers.1.resources.limits.memory",
        "spec.containers.1.resources.requests.memory",
        "spec.volumes.2.emptyDir.sizeLimit",
    }


def test_an_interpreted_program_gets_nothing_for_compiling() -> None:
    pod = a_pod(LANGUAGES["python"], name=NAME, limits=DEFAULT_LIMITS)
    large = a_pod(
        LANGUAGES["python"], name=NAME, compile_limits=Limits(**_twice(DEFAULT_COMPILE_LIMITS))
    )

    assert made(pod) == made(large)


def test_each_pod_has_a_uid_of_its_own() -> None:
    names = [f"01j{number:023d}-1" for number in range(1000)]
    uids = {_uid(made(a_pod(LANGUAGES["python"], name=name))) for name in names}

    assert len(uids) == len(names)
    assert min(uids) >= 1_000_000
    assert max(uids) < 2**31


def test_a_pod_that_is_made_again_is_the_same() -> None:
    pod = a_pod(LANGUAGES["python"], name=NAME)

    assert made(pod) == made(pod)


def _uid(manifest: dict[str, Any]) -> int:
    uid: int = manifest["spec"]["containers"][1]["securityContext"]["runAsUser"]
    return uid


def _twice(limits: Limits) -> dict[str, Any]:
    return {name: 2 * value for name, value in asdict(limits).items() if value is not None}


def _differences(one: Any, other: Any, path: str = "") -> set[str]:
    if isinstance(one, list):
        one, other = dict(enumerate(one)), dict(enumerate(other))
    if not isinstance(one, dict):
        return set() if one == other else {path.removeprefix(".")}
    assert one.keys() == other.keys()
    return set().union(*(_differences(one[key], other[key], f"{path}.{key}") for key in one))
