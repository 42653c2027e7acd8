"""Which pods are started ahead, and which attempts they can become."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from app.domain.pod import Pod
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS, Policy
from app.infrastructure.kubernetes.ahead import AheadOptions, Pool
from app.infrastructure.kubernetes.manifest import AHEAD, PodOptions
from tests.support.kubernetes.cluster import offers
from tests.support.sandbox_daemon import a_pod

GOLDEN = Path(__file__).with_name("golden")
OFFERS = offers("python=podline/python:3.12,c=podline/c:12.2")
LANGUAGES = {language.name: language for language in OFFERS.languages(None)}
OPTIONS = PodOptions(collector_image="podline/pod:0.1.0")


def pool(language: str = "python", options: PodOptions = OPTIONS, size: int = 1) -> Pool:
    return Pool.of(OFFERS.every[language], options, AheadOptions(sizes={language: size}))


def pod(language: str = "python", *, of_compiler: bool = False, **limits: int) -> Pod:
    if of_compiler:
        compiling = replace(DEFAULT_COMPILE_LIMITS, **limits)
        made = a_pod(LANGUAGES[language], b"", limits=DEFAULT_LIMITS)
        return replace(made, compile_limits=compiling)
    made = a_pod(LANGUAGES[language], b"", limits=replace(DEFAULT_LIMITS, **limits))
    return replace(made, compile_limits=DEFAULT_COMPILE_LIMITS)


def test_the_whole_manifest() -> None:
    """Its name, and so its uid, is its own; it has neither input nor deadline."""
    made = pool().new_pod(OPTIONS)
    expected = yaml.safe_load((GOLDEN / "ahead.yaml").read_text())
    name = made["metadata"]["name"]
    assert name.startswith(f"ahead-{pool().label}-")
    expected["metadata"]["name"] = name
    expected["metadata"]["labels"][AHEAD] = pool().label
    main = made["spec"]["containers"][1]["securityContext"]
    expected["spec"]["containers"][1]["securityContext"] |= {
        each: main[each] for each in ("runAsUser", "runAsGroup")
    }

    assert made == expected


def test_each_has_its_own_name_and_uid() -> None:
    made = [pool().new_pod(OPTIONS) for _ in range(20)]
    uids = {each["spec"]["containers"][1]["securityContext"]["runAsUser"] for each in made}

    assert len(uids) == len({each["metadata"]["name"] for each in made}) == len(made)


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (pod(), True),
        (pod(memory_mib=127), False),
        (pod(memory_mib=129), False),
        (pod(disk_mib=17), False),
        (pod(disk_mib=15), False),
        (pod(wall_seconds=60, cpu_seconds=60, processes=256, output_kib=1), True),
        (replace(pod(), runs=pod().runs * 2), True),
        (replace(pod(), runs=(*pod().runs, *pod(disk_mib=17).runs)), False),
    ],
)
def test_what_asks_for_another_memory_or_disk_gets_a_new_pod(asked: Pod, *, fits: bool) -> None:
    assert pool().fits(asked) == fits
    assert not pool(size=0).fits(asked)


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (pod("c"), True),
        (pod("c", memory_mib=512), True),
        (pod("c", of_compiler=True, memory_mib=513), False),
        (pod("c", of_compiler=True, disk_mib=65), False),
    ],
)
def test_the_compiler_counts(asked: Pod, *, fits: bool) -> None:
    assert pool("c").fits(asked) == fits


def test_default_limits_are_those_of_the_settings() -> None:
    policy = Policy(default_limits=replace(DEFAULT_LIMITS, memory_mib=256))
    made = Pool.of(
        OFFERS.every["python"], OPTIONS, AheadOptions(sizes={"python": 1}, policy=policy)
    )

    assert made.fits(pod(memory_mib=256))
    assert made.label != pool().label


@pytest.mark.parametrize(
    "other",
    [
        PodOptions(collector_image="podline/pod:0.2.0"),
        PodOptions(collector_image="podline/pod:0.1.0", cpu_limit=2),
    ],
)
def test_whatever_pods_depend_on_changes_the_label(other: PodOptions) -> None:
    assert pool(options=other).label != pool().label
    assert pool("c").label != pool().label


def test_languages_in_one_image_have_a_pool_each() -> None:
    both = offers("c=podline/gcc:14,cpp=podline/gcc:14").every
    labels = {Pool.of(offer, OPTIONS, AheadOptions()).label for offer in both.values()}
    assert len(labels) == 2


def test_the_number_of_pods_does_not() -> None:
    assert pool(size=7).label == pool().label
