"""The languages that a cluster can run, according to the images in the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.domain.errors import RunRefused
from app.domain.language import Language
from app.domain.pod import Pod
from app.infrastructure.kubernetes.limits import MAX_ARTIFACT_BYTES, MAX_INPUT_BYTES, accepted
from app.infrastructure.sandbox import conversion
from sandbox.languages import BadLanguages, LanguageSpec, language_of
from sandbox.languages.versions import standing_for


@dataclass(frozen=True, slots=True)
class Image:
    """A language's image, and the version of the language in it."""

    reference: str
    version: str
    packages: Mapping[str, str] = field(default_factory=dict)
    """The versions of the packages in it, by name."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One language that this cluster can run."""

    image: Image
    spec: LanguageSpec

    def language(self, pod_pids_limit: int | None) -> Language:
        found = conversion.language_of(
            language_of(self.spec, self.image.version, self.image.packages)
        )
        accepts = accepted(self.spec, pod_pids_limit)
        return replace(
            found,
            accepts=accepts,
            max_input_bytes=MAX_INPUT_BYTES,
            keeps_artifacts=True,
            max_artifact_bytes=MAX_ARTIFACT_BYTES,
        )


class Offers:
    """All languages that have an image."""

    def __init__(self, images: Mapping[str, Image], specs: Mapping[str, LanguageSpec]) -> None:
        for name in images.keys() - specs.keys():
            raise BadLanguages(f"there is an image for {name}, which is not a known language")
        self.every = {name: Offer(image, specs[name]) for name, image in images.items()}

    def languages(self, pod_pids_limit: int | None) -> list[Language]:
        return [offer.language(pod_pids_limit) for offer in self.every.values()]

    def of(self, pod: Pod) -> Offer:
        """Return the offer for a pod. Raises RunRefused if no image has its language version."""
        offer = self.every.get(pod.language)
        if offer is None or standing_for(pod.language_version, [offer.image.version]) is None:
            raise RunRefused(f"there is no image for {pod.language} {pod.language_version}")
        return offer
