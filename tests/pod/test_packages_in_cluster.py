"""Packages that are part of a language's image, as programs in pods and users of the API see them.

The images are built with the list that the setting has.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest

from app.domain.api_key import Role
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from app.settings import Settings
from app.settings.images import packages_and_versions
from app.wiring.runtimes import make_runtime
from tests.pod.cluster_runs import pod_for, run_all
from tests.support.api_contract import body, connector
from tests.support.kubernetes.image_packages import SETTING
from tests.support.kubernetes.images import LANGUAGE_IMAGES, pod_image
from tests.support.kubernetes.namespace import a_namespace
from tests.support.twins import make_twins

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]

PROGRAMS: Mapping[str, tuple[str, str]] = {
    "python": ("python", "import greeting; print(greeting.WORD)"),
    "read-only": (
        "python",
        "import greeting, os\n"
        "print(bool(os.statvfs(greeting.__file__).f_flag & os.ST_RDONLY))\n"
        "open(greeting.__file__, 'a')",
    ),
    "javascript": ("javascript", "console.log(require('greeter').word)"),
    "typescript": (
        "typescript",
        "import { word } from 'greeter'; import typeless = require('typeless');\n"
        "const told: string = word; const same: 'hello' = typeless; console.log(told, same);",
    ),
    "wrong types": ("typescript", "import { word } from 'greeter'; const told: number = word;"),
}


@pytest.fixture(scope="module")
def runtime() -> Iterator[KubernetesRuntime]:
    with a_namespace() as namespace:
        options = {
            "images": LANGUAGE_IMAGES,
            "packages": SETTING,
            "pod_image": pod_image().name,
            "image_pull_policy": "Never",
        }
        settings = {"runtime_url": f"kubernetes://{namespace}", "kubernetes": options}
        runtime = make_runtime(Settings.model_validate(settings))
        assert isinstance(runtime, KubernetesRuntime)
        yield runtime


@pytest.fixture(scope="module")
def printed(runtime: KubernetesRuntime) -> Callable[[str], str]:
    pods = [pod_for(runtime, source, language) for language, source in PROGRAMS.values()]
    outputs = dict(zip(PROGRAMS, run_all(runtime, pods), strict=True))

    def of(name: str) -> str:
        output = outputs[name].output
        assert output, outputs[name].observation
        stage = output.run or output.compile
        assert stage
        return (stage.stdout + stage.stderr).decode()

    return of


@pytest.mark.parametrize(
    ("name", "said"),
    [("python", "hello\n"), ("javascript", "hello!\n"), ("typescript", "hello! hello\n")],
)
def test_programs_import_them(printed: Callable[[str], str], name: str, said: str) -> None:
    assert printed(name) == said


def test_programs_cannot_change_them(printed: Callable[[str], str]) -> None:
    said = printed("read-only")

    assert said.startswith("True\n")
    assert "PermissionError" in said or "Read-only file system" in said


def test_the_compiler_knows_their_types(printed: Callable[[str], str]) -> None:
    assert "Type 'string' is not assignable to type 'number'" in printed("wrong types")


def test_languages_show_their_names_and_versions(runtime: KubernetesRuntime) -> None:
    twins = make_twins()
    ada = connector(replace(twins.ports, runtime=runtime))("ada", Role.USER)

    shown = body(ada.get("/api/v1/languages"))["items"]

    assert {item["name"]: item["packages"] for item in shown if item["packages"]} == (
        packages_and_versions(SETTING)
    )
