"""compose/images has a Dockerfile for each image in the default settings."""

import re
import shlex
from pathlib import Path

import pytest

from app.settings.images import (
    DEFAULT,
    images_and_versions,
    packages_and_versions,
    pool_sizes,
)
from app.settings.kubernetes import KubernetesSettings
from sandbox import languages

FOLDER = Path(__file__).parents[2] / "compose/images"
IMAGES = images_and_versions(DEFAULT)
SPECS = languages.load()


def dockerfile(language: str) -> str:
    return (FOLDER / language / "Dockerfile").read_text()


def test_every_language_has_one() -> None:
    assert {path.name for path in FOLDER.iterdir()} - {"pod"} == IMAGES.keys() == SPECS.keys()


@pytest.mark.parametrize("language", sorted(IMAGES))
def test_it_is_named_by_language_and_version(language: str) -> None:
    image, version = IMAGES[language]

    assert image == f"podline/{language}:{version}"


@pytest.mark.parametrize("language", ["python", "ruby", "php", "rust", "go"])
def test_the_public_image_that_it_is_made_from_has_that_version(language: str) -> None:
    tag = re.match(r"FROM \S+:([\d.]+)", dockerfile(language))

    assert tag
    assert tag[1] == IMAGES[language][1]


def test_go_has_what_is_prepared_in_a_sandbox() -> None:
    shell, _, script, _, *packages = SPECS["go"].prepare
    (command,) = re.findall(r"RUN go (.*?)&&", dockerfile("go"), re.DOTALL)

    assert (shell, script) == ("/bin/sh", '"$0" build "$@" && rm -f {cache}/trim.txt')
    assert shlex.split(command.replace("\\\n", "")) == ["build", *packages]
    assert "&& rm -f /var/cache/podline/go-1.25/trim.txt" in dockerfile("go")
    for name, value in SPECS["go"].compile_env.items():
        if "{" not in value and name != "HOME":
            assert f"{name}={value}" in dockerfile("go")


@pytest.mark.parametrize(
    "setting",
    [
        "python",
        "python=podline/python",
        "python=podline/python:latest",
        "python=podline/python@sha256:" + "0" * 64,
        "python=a:1,python=b:2",
        "=a:1",
    ],
)
def test_an_image_without_a_version_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=r"must be|has two images"):
        images_and_versions(setting)


def test_tags_and_digests_may_say_more() -> None:
    digest = "sha256:" + "0" * 64
    setting = f"python=python:3.12-slim, c=registry.example:5000/lab/c:12.2-2@{digest}"

    assert images_and_versions(setting) == {
        "python": ("python:3.12-slim", "3.12"),
        "c": (f"registry.example:5000/lab/c:12.2-2@{digest}", "12.2"),
    }


def test_the_packages_in_images_are_named_with_versions() -> None:
    setting = "python=numpy==2.1.3 scikit-learn==1.5.2,javascript=lodash@4.17.21 @types/node@22"

    assert packages_and_versions(setting) == {
        "python": {"numpy": "2.1.3", "scikit-learn": "1.5.2"},
        "javascript": {"lodash": "4.17.21", "@types/node": "22"},
    }
    assert packages_and_versions("") == {}


@pytest.mark.parametrize(
    "setting",
    [
        "python",
        "python=",
        "=numpy==2",
        "python=numpy",
        "python=numpy>=2",
        "python=numpy==2,python=pandas==2",
        "javascript=lodash@latest",
        "python=numpy==2;pandas==2==3",
    ],
)
def test_a_wrong_list_of_packages_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=r"must be|must have an exact version|has two lists"):
        packages_and_versions(setting)


def test_packages_need_an_image() -> None:
    given = {"images": "python=python:3.12", "packages": "python=six==1,javascript=lodash@4"}

    with pytest.raises(ValueError, match="packages: javascript has no image in `images`"):
        KubernetesSettings.model_validate(given)


@pytest.mark.parametrize("language", [name for name, spec in SPECS.items() if spec.packages])
def test_packages_are_a_build_argument_and_run_no_code(language: str) -> None:
    text = dockerfile(language)

    assert 'ARG PACKAGES=""' in text
    assert ("--only-binary :all: $PACKAGES" in text) or ("--ignore-scripts" in text)
    assert text.index("$PACKAGES") < text.index("USER 65534")


@pytest.mark.parametrize(
    ("sizes", "why"),
    [
        ("python", "'python' must be <language>=<number of pods>"),
        ("python=-1", "'python=-1' must be <language>=<number of pods>"),
        ("=1", "'=1' must be <language>=<number of pods>"),
        ("python=1, python=2", "python has two numbers of pods"),
        ("cobol=1", "ahead: cobol has no image in `images`"),
    ],
)
def test_a_wrong_size_of_a_pool_is_refused(sizes: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        KubernetesSettings(ahead=sizes)


def test_sizes_of_pools() -> None:
    assert pool_sizes(KubernetesSettings(ahead="python=4, c=0").ahead) == {"python": 4, "c": 0}
    assert pool_sizes(KubernetesSettings().ahead) == {}
