"""Limits that no pod of a cluster can have are refused, by name."""

from dataclasses import replace

import pytest

from app.domain.errors import RunRefused
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS, InputMaxima
from app.infrastructure.kubernetes.limits import accepted, refuse_impossible
from app.infrastructure.kubernetes.manifest import config_maps
from app.settings.urls import kubernetes_namespace
from sandbox import languages
from tests.kubernetes.test_manifest import distinct
from tests.support.kubernetes.cluster import offers
from tests.support.sandbox_daemon import a_pod, a_run

SPECS = languages.load()
LANGUAGES = {language.name: language for language in offers().languages(None)}
MOST = 124
"""Of 128 in a pod, four are ours."""


def test_more_processes_than_a_node_gives_a_pod() -> None:
    python = LANGUAGES["python"]
    fits = a_pod(python, limits=replace(DEFAULT_LIMITS, processes=MOST))
    refuse_impossible(fits, SPECS["python"], 128)

    too_many = a_pod(python, limits=replace(DEFAULT_LIMITS, processes=MOST + 1))
    with pytest.raises(RunRefused, match=r"^limits\.processes is 125, .* at most 124"):
        refuse_impossible(too_many, SPECS["python"], 128)
    refuse_impossible(too_many, SPECS["python"], None)


def test_each_of_several_runs_has_limits_that_a_pod_can_have() -> None:
    fits, larger = (a_run(limits=replace(DEFAULT_LIMITS, processes=MOST + n)) for n in (0, 1))
    several = a_pod(LANGUAGES["python"], runs=(fits, larger))

    assert {language.max_runs for language in LANGUAGES.values()} == {None}
    refuse_impossible(several, SPECS["python"], None)
    with pytest.raises(RunRefused, match=r"^tests\[1\]\.limits\.processes is 125"):
        refuse_impossible(several, SPECS["python"], 128)


def test_more_input_than_a_pod_can_have() -> None:
    most = LANGUAGES["python"].max_input_bytes
    assert most
    tests = distinct(20, most // 20 + 1)
    fits, too_much = (a_pod(LANGUAGES["python"], runs=runs) for runs in (tests[:19], tests))

    refuse_impossible(fits, SPECS["python"], None)
    with pytest.raises(RunRefused, match=r"^tests: the files and inputs"):
        refuse_impossible(too_much, SPECS["python"], None)


@pytest.mark.parametrize("name", LANGUAGES)
def test_what_fits_in_small_tests_fits_with_what_each_has_besides(name: str) -> None:
    """The most tests, with the most that is accepted of them."""
    language, maxima = LANGUAGES[name], InputMaxima()
    assert language.max_input_bytes
    runs = distinct(maxima.tests, language.max_input_bytes // maxima.tests - 100)
    pod = a_pod(language, runs=runs)

    refuse_impossible(pod, SPECS[name], None)
    assert len(config_maps(pod, offers().of(pod))) <= 5


def test_threads_of_the_languages_own_runtime_count_too() -> None:
    node = a_pod(LANGUAGES["javascript"], limits=replace(DEFAULT_LIMITS, processes=MOST))

    with pytest.raises(RunRefused, match="at most 108"):
        refuse_impossible(node, SPECS["javascript"], 128)


@pytest.mark.parametrize("pod_pids_limit", [None, 64, 128])
@pytest.mark.parametrize("name", LANGUAGES)
def test_what_is_accepted_is_never_refused(name: str, pod_pids_limit: int | None) -> None:
    most = accepted(SPECS[name], pod_pids_limit)
    pod = a_pod(
        LANGUAGES[name],
        limits=replace(DEFAULT_LIMITS, **most),
        compile_limits=replace(DEFAULT_COMPILE_LIMITS, **most),
    )
    refuse_impossible(pod, SPECS[name], pod_pids_limit)


def test_what_a_cluster_accepts_is_offered_with_each_language() -> None:
    found = {language.name: language.accepts for language in offers().languages(128)}

    assert found["python"]["processes"] == MOST
    assert found["javascript"]["processes"] == 108
    assert offers().languages(None)[0].accepts.keys() == {"output_kib"}


def test_the_limits_of_a_compiler_count_where_there_is_one() -> None:
    large = replace(DEFAULT_COMPILE_LIMITS, processes=200)
    few = replace(DEFAULT_LIMITS, processes=MOST)

    with pytest.raises(RunRefused, match=r"^compile_limits\.processes"):
        refuse_impossible(a_pod(LANGUAGES["c"], limits=few, compile_limits=large), SPECS["c"], 128)
    python = a_pod(LANGUAGES["python"], limits=few, compile_limits=large)
    refuse_impossible(python, SPECS["python"], 128)


def test_more_output_than_a_log_can_hold() -> None:
    """Both streams of both stages are in one log."""
    at_most = replace(DEFAULT_LIMITS, output_kib=1024)
    larger = replace(DEFAULT_LIMITS, output_kib=5 * 512)

    refuse_impossible(
        a_pod(LANGUAGES["c"], limits=at_most, compile_limits=at_most), SPECS["c"], None
    )
    refuse_impossible(a_pod(LANGUAGES["python"], limits=larger), SPECS["python"], None)
    with pytest.raises(RunRefused, match=r"^limits\.output_kib and compile_limits\.output_kib"):
        refuse_impossible(a_pod(LANGUAGES["c"], limits=larger), SPECS["c"], None)


@pytest.mark.parametrize(
    ("url", "namespace"),
    [
        ("kubernetes://podline-sandboxes", "podline-sandboxes"),
        ("kubernetes://", None),
        ("kubernetes://Podline", None),
        ("kubernetes://a/b", None),
        ("kubernetes://a?x=y", None),
        ("unix:///run/sandbox.sock", None),
    ],
)
def test_a_cluster_is_named_by_its_namespace_alone(url: str, namespace: str | None) -> None:
    assert kubernetes_namespace(url) == namespace


def test_files_have_the_room_of_a_log() -> None:
    found = {(each.keeps_artifacts, each.max_artifact_bytes) for each in LANGUAGES.values()}
    assert found == {(True, 5 * 1024 * 1024)}
