"""The one place that knows every adapter: settings say which, everything else sees ports."""

import time

from app import languages
from app.domain.execution import Time
from app.ports import EventLog, Metrics, Pipeline, Ports, Runtime, Store
from app.settings import Settings
from app.settings.images import images_and_versions
from app.settings.kafka import KafkaSettings
from app.settings.urls import kafka_address, kubernetes_namespace, socket_path, sqlite_path


def make_ports(settings: Settings) -> Ports:
    """Ports on the adapters that the settings name. Connects to nothing yet.

    Adapters are imported here, so that a process loads only the clients that it uses.
    """
    from app.infrastructure.prometheus.metrics import PrometheusMetrics
    from app.infrastructure.redis.admission import RedisAdmissionQueue
    from app.infrastructure.redis.connection import connect
    from app.infrastructure.redis.leases import RedisLeases
    from app.infrastructure.redis.live import RedisLiveOutput
    from app.infrastructure.redis.parking import RedisParking
    from app.infrastructure.redis.wakeups import RedisWakeups

    policy = settings.policy()
    redis = connect(settings.redis_url)
    return Ports(
        store=make_store(settings),
        admission=RedisAdmissionQueue(redis, policy.ageing_seconds),
        leases=RedisLeases(redis),
        wakeups=RedisWakeups(redis),
        live=RedisLiveOutput(redis),
        parking=RedisParking(redis),
        event_log=make_event_log(settings),
        runtime=make_runtime(settings),
        pipeline=make_pipeline(),
        metrics=PrometheusMetrics(),
        clock=now,
        policy=policy,
    )


def make_store(settings: Settings) -> Store:
    """SQLite or MongoDB, by the scheme of `database_url`."""
    timeout = settings.policy().store_timeout
    path = sqlite_path(settings.database_url)
    if path is not None:
        from app.infrastructure.sqlite.store import SqliteStore

        return SqliteStore(path, timeout=timeout)
    from app.infrastructure.mongo.store import MongoStore

    return MongoStore(settings.database_url, timeout=timeout)


def make_event_log(settings: Settings) -> EventLog:
    """SQLite or Kafka, by the scheme of `event_log_url`."""
    address = kafka_address(settings.event_log_url)
    if address is not None:
        return make_kafka_event_log(*address, settings.kafka)
    from app.infrastructure.sqlite.event_log import SqliteEventLog

    path = sqlite_path(settings.event_log_url)
    assert path is not None, "settings take no other URL"
    return SqliteEventLog(path, timeout=settings.policy().store_timeout)


def make_kafka_event_log(brokers: str, topic: str, settings: KafkaSettings) -> EventLog:
    from app.infrastructure.kafka.event_log import KafkaEventLog
    from app.infrastructure.kafka.topics import TopicSettings

    return KafkaEventLog(
        topic,
        {"bootstrap.servers": brokers, **settings.client_options()},
        TopicSettings(**settings.topic_settings()),
    )


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
    images = {
        language: Image(reference, version)
        for language, (reference, version) in images_and_versions(options.images).items()
    }
    return KubernetesRuntime(
        namespace,
        Offers(images, languages.load(settings.languages_file)),
        PodOptions(
            collector_image=options.pod_image,
            start_timeout=settings.start_timeout,
            **options.model_dump(exclude={"images", "pod_image"}),
        ),
    )


def make_pipeline() -> Pipeline:
    from tasks.pipeline import CeleryPipeline

    return CeleryPipeline()


def serve_metrics(settings: Settings, metrics: Metrics) -> None:
    """On `metrics_port`, if there is one. Raises OSError where it is taken."""
    if settings.metrics_port is not None:
        from app.infrastructure.prometheus.server import serve

        serve(metrics, settings.metrics_host, settings.metrics_port)


def now() -> Time:
    return time.time_ns() // 1_000
