"""Which image runs a pod."""

import pytest

from app.domain.errors import RunRefused
from app.domain.pod import Pod
from app.infrastructure.kubernetes.images import Image, Offers
from sandbox import languages
from tests.support.builders import a_submission

SPECS = languages.load()


def a_pod(version: str) -> Pod:
    return Pod.of("pod-1", a_submission(language="python", language_version=version))


@pytest.mark.parametrize(
    ("tag", "version"),
    [("3.11", "3.11"), ("3.11.9", "3.11"), ("3.11", "3.11.2"), ("3.11.9", "3.11.2")],
)
def test_an_image_runs_what_was_accepted_for_its_series(tag: str, version: str) -> None:
    offers = Offers({"python": Image("python", tag)}, SPECS)
    assert offers.of(a_pod(version)).image.version == tag


@pytest.mark.parametrize(("tag", "version"), [("3.12", "3.11"), ("3.12.1", "3.11.1")])
def test_an_image_of_another_series_does_not(tag: str, version: str) -> None:
    with pytest.raises(RunRefused):
        Offers({"python": Image("python", tag)}, SPECS).of(a_pod(version))


def test_an_image_offers_its_packages_and_what_they_need() -> None:
    packages = {"numpy": "2.1.3", "scikit-learn": "1.5.2"}

    (found,) = Offers({"python": Image("python", "3.12", packages)}, SPECS).languages(None)

    assert found.packages == packages
    assert found.needs == {"memory_mib": 256}
