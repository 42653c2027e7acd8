"""How programs run in pods of a cluster."""

from importlib.metadata import version
from typing import Literal, Self

from pydantic import PositiveFloat, PositiveInt, model_validator

from app.settings.from_policy import Group
from app.settings.images import (
    DEFAULT,
    ImageNames,
    ImagePackages,
    PoolSizes,
    images_and_versions,
    packages_and_versions,
    pool_sizes,
)
from app.settings.placement import NodeLabels, NodeTaints


class KubernetesSettings(Group):
    """See app.infrastructure.kubernetes.manifest.PodOptions."""

    images: ImageNames = DEFAULT
    """The languages and their images: `<language>=<image>:<version>`, separated by commas. A tag
    begins with the language's version; a digest may follow.
    """
    packages: ImagePackages = ""
    """The packages in these images, as they were built: `<language>=<package>==<version> …`,
    separated by commas; `<package>@<version>` for Node.
    """
    pod_image: str = f"podline/pod:{version('podline')}"
    """The image of the collector."""
    image_pull_policy: Literal["IfNotPresent", "Always", "Never"] = "IfNotPresent"
    """`IfNotPresent`, `Always` or `Never`."""
    image_pull_secret: str | None = None
    """The name of a Secret in the namespace, for pulling images."""
    runtime_class: str | None = None
    """The `RuntimeClass` of pods, such as gVisor's."""
    node_selector: NodeLabels = ""
    """Labels of the nodes for pods: `<key>=<value>`, separated by commas."""
    tolerations: NodeTaints = ""
    """Taints of nodes that pods tolerate, as `kubectl taint` spells them:
    `<key>[=<value>][:<effect>]`, separated by commas.
    """
    priority_class: str | None = None
    """The `PriorityClass` of pods."""
    cpu_request: PositiveFloat = 0.1
    """Cores that the scheduler reserves for each container."""
    cpu_limit: PositiveFloat = 1.0
    """Cores that a container can use at once."""
    pod_pids_limit: PositiveInt | None = None
    """The nodes' `podPidsLimit`: programs that ask for more processes are refused."""
    ahead: PoolSizes = ""
    """Pods to start ahead for each language: `<language>=<number>`, separated by commas. See
    [Pods started ahead](kubernetes.md#pods-started-ahead).
    """
    ahead_max_age: PositiveFloat = 3600
    """Seconds after which such a pod is replaced if no program has come."""

    @model_validator(mode="after")
    def _packages_have_images(self) -> Self:
        images = images_and_versions(self.images)
        for language in packages_and_versions(self.packages):
            if language not in images:
                raise ValueError(f"packages: {language} has no image in `images`")
        for language in pool_sizes(self.ahead):
            if language not in images:
                raise ValueError(f"ahead: {language} has no image in `images`")
        return self
