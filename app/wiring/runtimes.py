"""The runtime: the sandbox daemon or a cluster."""

from app.ports import Runtime
from app.settings import Settings
from app.settings.images import images_and_versions, packages_and_versions
from app.settings.urls import kubernetes_namespace, socket_path
from sandbox import languages


def make_runtime(settings: Settings) -> Runtime:
    """The sandbox daemon or a cluster, by the scheme of `runtime_url`."""
    namespace = kubernetes_namespace(settings.runtime_url)
    if namespace is not None:
        return make_kubernetes_runtime(namespace, settings)
    from app.infrastructure.sandbox.runtime import SandboxRuntime

    path = socket_path(settings.runtime_url)
    assert path is not None, "settings take no other URL"
    return SandboxRuntime(path)


def make_kubernetes_runtime(namespace: str, settings: Settings) -> Runtime:
    from app.infrastructure.kubernetes.images import Image, Offers
    from app.infrastructure.kubernetes.manifest import PodOptions
    from app.infrastructure.kubernetes.runtime import KubernetesRuntime

    options = settings.kubernetes
    packages = packages_and_versions(options.packages)
    images = {
        language: Image(reference, version, packages.get(language, {}))
        for language, (reference, version) in images_and_versions(options.images).items()
    }
    return KubernetesRuntime(
        namespace,
        Offers(images, languages.load(settings.languages_file)),
        PodOptions(
            collector_image=options.pod_image,
            start_timeout=settings.policy().start_timeout,
            **options.model_dump(exclude={"images", "packages", "pod_image"}),
        ),
    )
