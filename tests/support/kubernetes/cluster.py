"""A runtime in a namespace of the cluster, with the tests' images."""

from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from time import sleep
from typing import Any

from app.domain.errors import PlaceTaken
from app.domain.pod import Pod
from app.domain.policy import Policy
from app.infrastructure.kubernetes.ahead import DEFAULT_POLICY, AheadOptions
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
    return KubernetesRuntime(namespace, offers(images), pod_options(**options), kubeconfig)


def pod_options(**options: Any) -> PodOptions:
    given = {"collector_image": pod_image().name, "image_pull_policy": "Never"} | options
    return PodOptions(**given)


class RuntimeAhead(KubernetesRuntime):
    """Makes each pod of one that was started ahead, if it can be, for which it waits."""

    def __init__(
        self,
        namespace: str,
        sizes: Mapping[str, int],
        policy: Policy = DEFAULT_POLICY,
        **options: Any,
    ) -> None:
        ahead = AheadOptions(sizes=sizes, policy=policy)
        super().__init__(namespace, offers(), pod_options(**options), ahead=ahead)
        self.namespace = namespace
        self.claimed: list[str] = []
        """The pods that were."""
        self._tending = Lock()

    def create(self, pod: Pod) -> None:
        if self.observe(pod.name) is not None:
            return
        while (places := self.started_ahead(pod)) is not None:
            for place in places:
                try:
                    self.claim(pod, place)
                except PlaceTaken:
                    continue
                self.claimed.append(pod.name)
                return
            with self._tending:
                self.tend()
            sleep(0.2)
        super().create(pod)
