"""Chooses the adapters by the settings. Everything else sees ports."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.domain.callback_secret import CallbackSecrets
from app.domain.callback_url import networks
from app.domain.errors import InvalidTarget, Unavailable
from app.domain.execution import Execution, Time
from app.domain.result import Result
from app.ports import EventLog, Ports, Runtime, Store
from app.settings import Settings
from app.settings.folders import BLOBS, IN_DATA_FOLDER, kept
from app.settings.images import images_and_versions, packages_and_versions
from app.settings.kafka import KafkaSettings
from app.settings.urls import (
    check_database,
    kafka_address,
    kubernetes_namespace,
    socket_path,
    sqlite_path,
)
from sandbox import languages, private

if TYPE_CHECKING:
    from celery import Celery

    from app.infrastructure.celery.application import Application
    from app.infrastructure.celery.reports import Reporter
    from app.infrastructure.mongo.store import MongoStore
    from app.infrastructure.sqlite.store import SqliteStore

STORE_SECONDS: Final = 1.3
"""The longest wait for a database, so that a POST answers 503 within 2 s."""


def make_ports(settings: Settings, celery: "Celery") -> Ports:
    """Ports on the adapters that the settings name. Connects to nothing yet.

    `celery` publishes messages. Adapters are imported here, so that a process loads only the
    clients that it uses.
    """
    from app.infrastructure.celery.pipeline import CeleryPipeline
    from app.infrastructure.couriers import ThreadedCouriers
    from app.infrastructure.http_callbacks import HttpCallbacks
    from app.infrastructure.prometheus.metrics import PrometheusMetrics
    from app.infrastructure.redis.admission import RedisAdmissionQueue
    from app.infrastructure.redis.connection import connect
    from app.infrastructure.redis.leases import RedisLeases
    from app.infrastructure.redis.live import RedisLiveOutput
    from app.infrastructure.redis.minute_counters import RedisMinuteCounters
    from app.infrastructure.redis.parking import RedisParking
    from app.infrastructure.redis.permits import RedisPermits
    from app.infrastructure.redis.requests import RedisRequestCounts
    from app.infrastructure.redis.sessions import RedisSessions
    from app.infrastructure.redis.wakeups import RedisWakeups
    from app.infrastructure.redis.worker_reports import RedisWorkerReports

    callback_secrets = CallbackSecrets(_callback_secret(settings))
    policy = replace(settings.policy(), signs_callbacks=bool(callback_secrets))
    redis, store = connect(settings.redis_url), _own_store(settings)
    return Ports(
        store=store,
        blobs=store.blobs,
        databases=Databases(settings),
        admission=RedisAdmissionQueue(redis, policy.ageing_seconds),
        leases=RedisLeases(redis),
        wakeups=RedisWakeups(redis),
        live=RedisLiveOutput(redis),
        sessions=RedisSessions(redis),
        worker_reports=RedisWorkerReports(redis),
        minutes=RedisMinuteCounters(redis),
        parking=RedisParking(redis),
        event_log=make_event_log(settings),
        runtime=make_runtime(settings),
        pipeline=CeleryPipeline(celery),
        metrics=PrometheusMetrics(),
        callbacks=HttpCallbacks(_body_of_callback, networks(policy.callback_networks), now),
        couriers=ThreadedCouriers(RedisPermits(redis)),
        callback_secrets=callback_secrets,
        requests=RedisRequestCounts(redis),
        clock=now,
        policy=policy,
    )


def _body_of_callback(execution: Execution, result: Result | None) -> bytes:
    """What the API responds to a GET of the execution."""
    from app.api import representation

    return representation.execution(execution, result).model_dump_json(by_alias=True).encode()


def _callback_secret(settings: Settings) -> str | None:
    if settings.callback_secret:
        return settings.callback_secret.get_secret_value()
    return kept(settings.data_dir, "callback-secret")


def keep_private(settings: Settings) -> None:
    """Close what is kept on disk to others, before it is used. Raises NotPrivate and OSError."""
    if settings.data_dir.exists():
        private.make_data_folder(settings.data_dir, IN_DATA_FOLDER)
    for url in (settings.database_url, settings.event_log_url):
        if path := sqlite_path(url):
            private.close_database(path)


@contextmanager
def kept_open(settings: Settings) -> Iterator[None]:
    """Keep SQLite's files open, so that their shared memory keeps its space on the disk.

    The first process that opens a file truncates its shared memory, and needs space for it again.
    """
    from app.infrastructure.sqlite.event_log import SqliteEventLog
    from app.infrastructure.sqlite.store import SqliteStore

    with ExitStack() as opened:
        for make, url in (
            (SqliteStore, settings.database_url),
            (SqliteEventLog, settings.event_log_url),
        ):
            if path := sqlite_path(url):
                files = opened.enter_context(closing(make(path, timeout=STORE_SECONDS)))
                with suppress(Unavailable):
                    files.upgrade()
        yield


def fold_logs(settings: Settings) -> None:
    """Move the write-ahead logs of SQLite into their files, so that copies of these are whole."""
    from app.infrastructure.sqlite.database import fold_log

    for url in (settings.database_url, settings.event_log_url):
        if (path := sqlite_path(url)) and path.exists():
            fold_log(path)


def make_metrics_folder(folder: Path) -> None:
    """Create the empty folder in which processes on this host share their counters."""
    from app.infrastructure.prometheus.folder import make_empty

    make_empty(folder)


def with_metrics_folder(folder: Path) -> Mapping[str, str]:
    """The environment of a process that shares its counters there."""
    from app.infrastructure.prometheus.folder import VARIABLE

    return {VARIABLE: str(folder)}


def make_store(settings: Settings) -> Store:
    return _own_store(settings)


def _store_at(url: str, blobs: Path | None = None) -> "SqliteStore | MongoStore":
    """SQLite or MongoDB, by the scheme. SQLite's blobs are in a folder."""
    path = sqlite_path(url)
    if path is not None:
        from app.infrastructure.sqlite.store import SqliteStore

        return SqliteStore(path, timeout=STORE_SECONDS, blobs=blobs)
    from app.infrastructure.mongo.store import MongoStore

    return MongoStore(url, timeout=STORE_SECONDS)


def _own_store(settings: Settings) -> "SqliteStore | MongoStore":
    return _store_at(settings.database_url, settings.data_dir / BLOBS)


class Databases:
    """The port: stores of the same two kinds, but not the service's own.

    SQLite files are in one folder, so that a replay creates no files elsewhere.
    """

    def __init__(self, settings: Settings) -> None:
        self._own = (settings.database_url, settings.event_log_url)
        self._folder = settings.replay_dir

    def check_target(self, url: str) -> str:
        """A SQLite path may be relative to the folder."""
        path = sqlite_path(url)
        try:
            url = check_database(f"sqlite:///{self._folder / path}" if path else url)
            place = _place(url)
        except ValueError as error:
            raise InvalidTarget(str(error)) from None
        if any(place == _place(own) for own in self._own):
            raise InvalidTarget("must not be a database of the service itself")
        if path and (self._folder / path).resolve().parent != self._folder.resolve():
            raise InvalidTarget(
                f"must be a file in {self._folder}, such as sqlite:///rebuilt.db, or a MongoDB"
            )
        return url

    @contextmanager
    def open(self, url: str) -> Iterator[Store]:
        """Creates the folder when it is first needed. Raises InvalidTarget if that fails."""
        if sqlite_path(url):
            self.check_target(url)
            try:
                private.make_folder(self._folder)
            except OSError as error:
                reason = error.strerror or error
                raise InvalidTarget(f"can't create {self._folder}: {reason}") from error
        with closing(_store_at(url)) as store:
            yield store


def _place(url: str) -> object:
    """What a URL names: the same for all URLs that name it. Raises ValueError."""
    path = sqlite_path(url)
    if path is not None:
        return path.resolve()
    if not url.startswith("mongodb://"):
        return url
    from app.infrastructure.mongo.address import address

    return address(url)


def make_event_log(settings: Settings) -> EventLog:
    """SQLite or Kafka, by the scheme of `event_log_url`."""
    address = kafka_address(settings.event_log_url)
    if address is not None:
        return make_kafka_event_log(*address, settings.kafka)
    from app.infrastructure.sqlite.event_log import SqliteEventLog

    path = sqlite_path(settings.event_log_url)
    assert path is not None, "settings take no other URL"
    return SqliteEventLog(path, timeout=STORE_SECONDS)


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


def make_publisher(settings: Settings) -> "Celery":
    """The Celery application of a process that only sends messages. Connects to nothing yet."""
    from app.infrastructure.celery import application

    return application.make_publisher(settings.broker_url())


def make_worker(settings: Settings) -> "Application":
    """The Celery application of workers and beat, which its process can have once.

    Connects to nothing yet.
    """
    from app.infrastructure.celery.application import Application
    from app.infrastructure.celery.heartbeat import Heartbeat
    from app.infrastructure.celery.worker import Surroundings, equip

    app = Application(
        settings.broker_url(),
        settings.worker_concurrency,
        settings.relay_interval,
        Heartbeat(settings.heartbeat_file),
        partial(make_reporter, settings),
        partial(make_ports, settings),
    )
    surroundings = Surroundings(
        log_format=settings.log_format,
        log_each_task=settings.log_level == "debug",
        keep_private=partial(keep_private, settings),
        metrics_host=settings.metrics_host,
        metrics_port=settings.metrics_port,
    )
    equip(app, surroundings)
    return app


def make_reporter(settings: Settings) -> "Reporter":
    """Sends heartbeats. Apart from the other ports, because beat uses none of them."""
    from app.infrastructure.celery.reports import Reporter
    from app.infrastructure.redis.connection import connect
    from app.infrastructure.redis.worker_reports import RedisWorkerReports

    return Reporter(RedisWorkerReports(connect(settings.redis_url)), now)


def now() -> Time:
    return time.time_ns() // 1_000
