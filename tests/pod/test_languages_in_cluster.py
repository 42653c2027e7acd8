"""Each language with an image for tests runs in a pod as it does in a jail."""

from collections.abc import Iterator

import pytest

from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.pod.cluster_runs import pod_for, run_all
from tests.sandbox import test_languages as in_jail
from tests.sandbox.test_languages import Ended, RunOf
from tests.support.kubernetes.cluster import a_runtime
from tests.support.kubernetes.images import LANGUAGES
from tests.support.kubernetes.namespace import a_namespace
from tests.support.sandbox_daemon import language

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(600)]

IN_NO_OTHER_TEST_HERE = ("java", "typescript", "php")
WITH_THREADS = ("java", "typescript", "javascript")
RUNS = [
    *((name, "good") for name in LANGUAGES),
    *((name, "broken") for name in IN_NO_OTHER_TEST_HERE),
]


@pytest.fixture(scope="module")
def run_of() -> Iterator[RunOf]:
    with a_namespace() as namespace:
        runtime = a_runtime(namespace)
        ended = dict(zip(RUNS, _run(runtime), strict=True))
        yield lambda name, kind: ended[name, kind]


def _run(runtime: KubernetesRuntime) -> Iterator[Ended]:
    facts = {name: in_jail.all_runs(language(runtime, name)) for name in LANGUAGES}
    pods = [pod_for(runtime, "", name, **facts[name][kind]) for name, kind in RUNS]
    for ran in run_all(runtime, pods):
        assert ran.output, ran.observation
        yield ran.observation, ran.output


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_program_gets_all_that_it_is_given(run_of: RunOf, name: str) -> None:
    in_jail.test_a_program_gets_all_that_it_is_given_and_its_output_is_kept(run_of, name)


@pytest.mark.parametrize("name", IN_NO_OTHER_TEST_HERE)
def test_a_program_that_fails(run_of: RunOf, name: str) -> None:
    in_jail.test_a_program_that_fails_has_its_exit_code_and_what_it_printed_before(run_of, name)


@pytest.mark.parametrize("name", IN_NO_OTHER_TEST_HERE)
def test_a_program_that_can_t_be_read(run_of: RunOf, name: str) -> None:
    in_jail.test_a_program_that_can_t_be_read_is_told_why(run_of, name)


@pytest.mark.parametrize("name", WITH_THREADS)
def test_threads_of_the_runtime_do_not_count(run_of: RunOf, name: str) -> None:
    in_jail.test_threads_of_the_runtime_do_not_count(run_of, name)
