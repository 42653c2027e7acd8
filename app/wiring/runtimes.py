"""The runtime: the sandbox daemon or a cluster."""

from collections.abc import Callable
from typing import Final

from app.infrastructure.no_bays import NoBays
from app.ports import Bays, Fleet, Runtime
from app.settings import Settings
from app.settings.errors import SettingProblem, SettingsError
from app.settings.images import images_and_versions, packages_and_versions, pool_sizes
from app.settings.placement import node_labels, tolerations
from app.settings.sources import variable
from app.settings.urls import HOSTS, kubernetes_namespace, socket_path
from sandbox import languages
from sandbox.languages import BadLanguages, LanguageSpec

_NOT_OF_PODS: Final = {"images", "packages", "pod_image", "ahead", "ahead_max_age"}
_LISTS: Final = {"node_selector", "tolerations"}


def make_runtime(
    settings: Settings, fleet: Fleet | None = None, clock_ahead: Callable[[], int] = lambda: 0
) -> Runtime:
    """The sandbox daemon, a cluster, or hosts, by the scheme of `runtime_url`.

    `clock_ahead` is how far the service's clock is ahead of the daemon's. Raises SettingsError.
    """
    if settings.runtime_url == HOSTS and fleet is not None:
        from app.infrastructure.hosts_runtime import HostsRuntime

        return HostsRuntime(fleet.hosts)
    namespace = kubernetes_namespace(settings.runtime_url)
    if namespace is not None:
        return make_kubernetes_runtime(namespace, settings)
    from app.infrastructure.sandbox.runtime import SandboxRuntime

    path = socket_path(settings.runtime_url)
    assert path is not None, "settings take no other URL"
    return SandboxRuntime(path, clock_ahead)


def make_bays(settings: Settings) -> Bays:
    """Those of the daemon on this sandbox host, if this is one."""
    path = socket_path(settings.runtime_url)
    if settings.host is None or path is None:
        return NoBays()
    from app.infrastructure.sandbox.bays import SandboxBays

    return SandboxBays(path)


def make_kubernetes_runtime(namespace: str, settings: Settings) -> Runtime:
    from app.infrastructure.kubernetes.ahead import AheadOptions
    from app.infrastructure.kubernetes.images import Image, Offers
    from app.infrastructure.kubernetes.manifest import PodOptions
    from app.infrastructure.kubernetes.runtime import KubernetesRuntime

    options, policy = settings.kubernetes, settings.policy()
    packages = packages_and_versions(options.packages)
    images = {
        language: Image(reference, version, packages.get(language, {}))
        for language, (reference, version) in images_and_versions(options.images).items()
    }
    return KubernetesRuntime(
        namespace,
        Offers(images, _languages(settings)),
        PodOptions(
            collector_image=options.pod_image,
            start_timeout=policy.start_timeout,
            node_selector=node_labels(options.node_selector),
            tolerations=tolerations(options.tolerations),
            **options.model_dump(exclude=_NOT_OF_PODS | _LISTS),
        ),
        ahead=AheadOptions(
            sizes=pool_sizes(options.ahead),
            policy=policy,
            max_age_seconds=options.ahead_max_age,
        ),
    )


def _languages(settings: Settings) -> dict[str, LanguageSpec]:
    try:
        return languages.load(settings.languages_file)
    except (BadLanguages, OSError) as error:
        problem = SettingProblem(variable("languages_file"), str(error))
        raise SettingsError([problem]) from error
