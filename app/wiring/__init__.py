"""Chooses the adapters by the settings. Everything else sees ports."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from app.domain.callback_secret import CallbackSecrets
from app.domain.callback_url import networks
from app.infrastructure.clock import now
from app.ports import Clock, Leases, Ports
from app.settings import Settings
from app.settings.folders import CALLBACK_PREVIOUS_SECRET, CALLBACK_SECRET, kept
from app.wiring.callbacks import forms_of_callbacks
from app.wiring.disk import make_disk
from app.wiring.event_logs import make_event_log
from app.wiring.hosts import make_fleet
from app.wiring.runtimes import make_bays, make_runtime
from app.wiring.starting import exit_if_wrong, keep_private_or_exit
from app.wiring.stores import Databases, make_store
from app.wiring.tracing import make_tracing

if TYPE_CHECKING:
    from celery import Celery
    from redis import Redis

    from app.infrastructure.celery.application import Application
    from app.infrastructure.celery.reports import Reporter


def make_ports(settings: Settings, celery: "Celery") -> Ports:
    """Ports on the adapters that the settings name. Connects to nothing yet. Raises SettingsError.

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
    from app.infrastructure.redis.notebooks import RedisNotebooks
    from app.infrastructure.redis.parking import RedisParking
    from app.infrastructure.redis.permits import RedisPermits
    from app.infrastructure.redis.reports import (
        RedisFindings,
        RedisPlaceReports,
        RedisTickReports,
        RedisWorkerReports,
    )
    from app.infrastructure.redis.requests import RedisRequestCounts
    from app.infrastructure.redis.sessions import RedisSessions
    from app.infrastructure.redis.wakeups import RedisWakeups
    from app.infrastructure.seen_ends import SeenEndsInMemory

    callback_secrets = _callback_secrets(settings)
    policy = replace(settings.policy(), signs_callbacks=bool(callback_secrets))
    redis, store = connect(settings.redis_url), make_store(settings)
    fleet = make_fleet(settings, redis) if settings.has_hosts() else None
    clock, clock_ahead = make_clock(settings, redis)
    return Ports(
        store=store,
        blobs=store.blobs,
        disk=make_disk(settings),
        databases=Databases(settings),
        admission=RedisAdmissionQueue(redis, policy.ageing_seconds),
        leases=RedisLeases(redis),
        wakeups=RedisWakeups(redis),
        live=RedisLiveOutput(redis),
        sessions=RedisSessions(redis),
        notebooks=RedisNotebooks(redis),
        worker_reports=RedisWorkerReports(redis),
        places=RedisPlaceReports(redis),
        ticks=RedisTickReports(redis),
        findings=RedisFindings(redis),
        minutes=RedisMinuteCounters(redis),
        parking=RedisParking(redis),
        event_log=make_event_log(settings),
        runtime=make_runtime(settings, fleet, clock_ahead),
        seen_ends=SeenEndsInMemory(),
        bays=make_bays(settings),
        pipeline=CeleryPipeline(celery, redis),
        metrics=PrometheusMetrics(),
        tracing=make_tracing(),
        callbacks=HttpCallbacks(
            forms_of_callbacks(store.blobs), networks(policy.callback_networks), clock
        ),
        couriers=ThreadedCouriers(RedisPermits(redis)),
        callback_secrets=callback_secrets,
        requests=RedisRequestCounts(redis),
        clock=clock,
        policy=policy,
        fleet=fleet,
    )


def make_leases(settings: Settings) -> Leases:
    from app.infrastructure.redis.connection import connect
    from app.infrastructure.redis.leases import RedisLeases

    return RedisLeases(connect(settings.redis_url))


def make_clock(settings: Settings, redis: "Redis") -> tuple[Clock, Callable[[], int]]:
    """The clock, and how far it is ahead of this machine's. Sandbox hosts share Redis's."""
    if settings.host is None:
        return now, lambda: 0
    from app.infrastructure.redis.clock import SharedClock

    clock = SharedClock(redis, now)
    return clock, clock.ahead


def _callback_secrets(settings: Settings) -> CallbackSecrets:
    """Those in the settings, or else in the data folder. An empty one counts as none."""
    own, previous = (
        (given and given.get_secret_value()) or kept(settings.data_dir, file)
        for given, file in (
            (settings.callback_secret, CALLBACK_SECRET),
            (settings.callback_previous_secret, CALLBACK_PREVIOUS_SECRET),
        )
    )
    return CallbackSecrets(own, previous)


def make_publisher(settings: Settings) -> "Celery":
    """The Celery application of a process that only sends messages. Connects to nothing yet."""
    from app.infrastructure.celery import application

    return application.make_publisher(settings.broker_url())


def make_worker(settings: Settings) -> "Application":
    """The Celery application of workers and beat, which its process can have once.

    Connects to nothing yet.
    """
    from app.infrastructure.celery.application import Application, Serving
    from app.infrastructure.celery.heartbeat import Heartbeat
    from app.infrastructure.celery.worker import Surroundings, equip

    app = Application(
        settings.broker_url(),
        settings.worker_concurrency,
        settings.relay_interval,
        Serving(settings.host, settings.has_hosts()),
        Heartbeat(settings.heartbeat_file),
        partial(make_reporter, settings),
        partial(_ports_of_worker, settings),
    )
    surroundings = Surroundings(
        log_format=settings.log_format,
        log_each_task=settings.log_level == "debug",
        keep_private=partial(keep_private_or_exit, settings),
        metrics_host=settings.metrics_host,
        metrics_port=settings.metrics_port,
    )
    equip(app, surroundings)
    return app


def _ports_of_worker(settings: Settings, celery: "Celery") -> Ports:
    with exit_if_wrong("worker"):
        return make_ports(settings, celery)


def make_reporter(settings: Settings) -> "Reporter":
    """Sends heartbeats. Apart from the other ports, because beat uses none of them."""
    from app.infrastructure.celery.reports import Reporter
    from app.infrastructure.redis.connection import connect
    from app.infrastructure.redis.reports import RedisTickReports, RedisWorkerReports

    redis = connect(settings.redis_url)
    clock, _ = make_clock(settings, redis)
    return Reporter(RedisWorkerReports(redis), RedisTickReports(redis), clock)
