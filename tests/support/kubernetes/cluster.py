"""A runtime in a namespace of the cluster, with the tests' images."""

from pathlib import Path
from typing import Any

from app.infrastructure.kubernetes.images import Image, Offers
from app.infrastructure.kubernetes.manifest import PodOptions
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from app.settings.images import images_and_versions
from sandbox import languages
from tests.support.kubernetes.images import LANGUAGE_IMAGES, pod_image


def offers(images: str = LANGUAGE_IMAGES) -> Offers:
    named = images_and_versions(images).items()
    return Offers({language: Image(*found) for language, found in named}, languages.load())


def a_runtime(
    namespace: str,
    images: str = LANGUAGE_IMAGES,
    kubeconfig: Path | None = None,
    **options: Any,
) -> KubernetesRuntime:
    """Return a runtime, with any of the options overridden."""
    given = {"collector_image": pod_image().name, "image_pull_policy": "Never"} | options
    return KubernetesRuntime(namespace, offers(images), PodOptions(**given), kubeconfig)
