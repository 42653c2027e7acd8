"""Grafana's dashboards, and the alerts for Kubernetes, from declarations in this repository."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from app.domain.chain import CHAIN, COMPENSATE
from docs.generate.grafana import Panel, firing, query_variable, recent
from docs.generate.grafana import dashboard as whole

RULES: Final = Path(__file__).parents[2] / "compose/monitoring/rules.yaml"

_RATE: Final = "[$__rate_interval]"
_STEPS: Final = "|".join(step.removeprefix("podline.") for step in (*CHAIN, COMPENSATE))
_OF_STEPS: Final = f'{{step=~"{_STEPS}"}}'
_OF_TICKS: Final = f'{{step!~"{_STEPS}"}}'
_OF_ROLE: Final = '{step=~"$role\\\\..*"}'
_OF_USERS: Final = '{route!~"/healthz|/readyz|/metrics"}'
_STATES: Final = {
    "queued": "blue",
    "admitted": "purple",
    "starting": "yellow",
    "running": "green",
    "finished": "orange",
}
_SLOTS: Final = {"used": "blue", "free": "green"}
_OUTCOMES: Final = {
    "completed .*_limit": "blue",
    "completed .*_error": "purple",
    "completed wrong_output": "yellow",
    "completed success": "green",
    "failed.*": "red",
    "cancelled.*": "text",
}
_STATUSES: Final = {"2..": "green", "3..": "blue", "4..": "yellow", "5..": "red"}
_WAITING: Final = "critical|high|normal"


def _quantile(quantile: float, histogram: str, labels: str) -> tuple[str, str]:
    """Without the steps that were not observed, whose quantiles are NaN."""
    rates = f"sum by (le, step) (rate({histogram}_bucket{labels}{_RATE}))"
    return f"histogram_quantile({quantile}, {rates}) >= 0", "{{step}}"


def _of_steps(histogram: str) -> tuple[tuple[str, str], ...]:
    return (_quantile(0.95, histogram, _OF_STEPS),)


def _of_role(title: str, about: str, histogram: str) -> Iterator[Panel]:
    """A panel for the median and one for the 95th percentile, of its steps and its ticks."""
    for quantile, name in ((0.5, "median"), (0.95, "95th percentile")):
        yield Panel(
            f"{title}, {name}",
            about,
            (_quantile(quantile, histogram, _OF_ROLE),),
            series=5,
            unit="s",
            nothing="none",
        )


def _share(counter: str, bad: str, span: str) -> str:
    """The share of what is bad: 0 if there was nothing, and none if no API is scraped."""
    bad_ones = f"(sum(increase({counter}{{{bad}}}[{span}])) or vector(0))"
    return f"{bad_ones} / clamp_min(sum(increase({counter}[{span}])), 1) or 0 * max(podline_up)"


_OLDEST_MESSAGE: Final = "podline_celery_queue_oldest_seconds"

DASHBOARDS: Final[dict[str, tuple[str, tuple[Panel, ...]]]] = {
    "overview": (
        "Podline: overview",
        (
            Panel(
                "Alerts",
                "What fires now, where, and since when. Needs compose/monitoring/rules.yaml in "
                "Prometheus. docs/runbook.md has a section for each alert.",
                (
                    (
                        firing(
                            (
                                "dependency",
                                "role",
                                "queue_name",
                                "priority",
                                "reason",
                                "child",
                                "why",
                                "instance",
                            )
                        ),
                        "",
                    ),
                ),
                kind="table",
                nothing="No alert fires.",
            ),
            Panel(
                "Dependencies",
                "What the service needs, as /readyz reports it. Red: look at its `detail` in "
                "/readyz, and at the log of that server.",
                (("min by (dependency) (podline_up)", "{{dependency}}"),),
                kind="state-timeline",
                width=6,
                alerts=("PodlineDatabaseDown", "PodlineDependencyDown"),
            ),
            Panel(
                "Parts",
                "The parts of the service that do the work, as /readyz reports them. Red: `parts` "
                "of /readyz names what is missing. Then open pipeline, and one role.",
                (("min by (part) (podline_healthy)", "{{part}}"),),
                kind="state-timeline",
                width=6,
                alerts=(
                    "PodlineNoWatcher",
                    "PodlineBeatSilent",
                    "PodlineTickLate",
                    "PodlineSweepFinds",
                ),
            ),
            Panel(
                "Queued",
                "Executions that wait for a slot. That is normal in bursts; look at how long.",
                (
                    (
                        'max(sum by (instance) (podline_executions_unfinished{state="queued"}))',
                        "executions",
                    ),
                ),
                kind="stat",
                width=4,
            ),
            Panel(
                "Longest wait",
                "Age of the oldest queued execution of priority normal or above. Red: add slots, "
                "or see who takes them with `podline queue`.",
                ((f'max(podline_queue_oldest_seconds{{priority=~"{_WAITING}"}})', "oldest"),),
                kind="stat",
                width=4,
                unit="s",
                alerts=("PodlineUsersWait",),
                limit=300,
            ),
            Panel(
                "Slots in use",
                "Share of the slots that programs have. 100 % is well unless users wait.",
                (
                    (
                        'max(podline_slots{state="used"}) '
                        "/ clamp_min(sum(max by (state) (podline_slots)), 1)",
                        "used",
                    ),
                ),
                kind="stat",
                width=4,
                unit="percentunit",
                alerts=("PodlineNoSlots",),
            ),
            Panel(
                "Failed executions",
                "Share of the executions that ended in the last 10 minutes that Podline could not "
                "run, which is never the program's fault. Red: `podline dlq list` has the reason.",
                (
                    (
                        _share("podline_executions_ended_total", 'state="failed"', "10m"),
                        "failed",
                    ),
                ),
                kind="stat",
                width=4,
                unit="percentunit",
                alerts=("PodlineExecutionsFail",),
                limit=0.01,
            ),
            Panel(
                "Errors of the API",
                "Share of 5xx among the responses to users in the last 5 minutes. Red: the API's "
                "log has a line for each.",
                (
                    (
                        _share("podline_http_requests_total", 'status=~"5.."', "5m"),
                        "5xx",
                    ),
                ),
                kind="stat",
                width=4,
                unit="percentunit",
                alerts=("PodlineErrors",),
                limit=0.05,
            ),
            Panel(
                "Lag of the event log",
                "Age of the oldest event that is not in the event log yet. Red: open stores.",
                (("max(podline_outbox_oldest_seconds)", "oldest"),),
                kind="stat",
                width=4,
                unit="s",
                alerts=("PodlineEventLogBehind",),
                limit=60,
            ),
            Panel(
                "Executions that ended, per second",
                "By state and outcome. Red is what Podline could not run; all other outcomes are "
                "those of the programs.",
                (
                    (
                        f"sum by (state, outcome) (rate(podline_executions_ended_total{_RATE}))",
                        "{{state}} {{outcome}}",
                    ),
                ),
                unit="short",
                stacked=True,
                series=8,
                colors=_OUTCOMES,
                alerts=("PodlineExecutionsFail",),
                nothing="none ended",
            ),
            Panel(
                "Unfinished executions",
                "By state. If only `queued` grows, slots are used up: see where programs run. If "
                "another state grows, its step is slow or has no worker: see pipeline.",
                (
                    (
                        "max by (state) (sum by (state, instance) (podline_executions_unfinished))",
                        "{{state}}",
                    ),
                ),
                stacked=True,
                series=5,
                colors=_STATES,
            ),
            Panel(
                "Responses to users, per second",
                "By status, without probes and scrapes. 429 and 503 with `Retry-After` are limits "
                "that work as they should; 500 is a bug.",
                (
                    (
                        f"sum by (status) (rate(podline_http_requests_total{_OF_USERS}{_RATE}))",
                        "{{status}}",
                    ),
                ),
                unit="short",
                width=8,
                stacked=True,
                colors=_STATUSES,
                alerts=("PodlineErrors",),
                nothing="no responses",
            ),
            Panel(
                "Oldest queued execution",
                "By priority. Higher priorities go first, so `background` may wait for long.",
                (("max by (priority) (podline_queue_oldest_seconds)", "{{priority}}"),),
                width=8,
                unit="s",
                alerts=("PodlineUsersWait",),
                limit=300,
            ),
            Panel(
                "Dead letters",
                "What is tried again (waiting, retrying), and what was given up (archived): "
                "`podline dlq list`.",
                (
                    (
                        "max by (status) "
                        '(podline_dead_letters{status=~"waiting|retrying|archived"})',
                        "{{status}}",
                    ),
                ),
                width=8,
                stacked=True,
                colors={"archived": "red", "waiting": "yellow", "retrying": "blue"},
                alerts=("PodlineDeadLetters",),
            ),
        ),
    ),
    "pipeline": (
        "Podline: pipeline",
        (
            Panel(
                "Messages in Celery's queues",
                "Messages that no worker has taken. A queue that keeps growing has too few "
                "workers: open one role.",
                (("max by (queue_name) (podline_celery_queue_length)", "{{queue_name}}"),),
                series=7,
                alerts=("PodlineQueueNotTaken",),
            ),
            Panel(
                "Oldest message of each queue",
                "How long it has waited. Above the line, workers are missing, hang, or are too "
                "few: open one role.",
                ((f"max by (queue_name) ({_OLDEST_MESSAGE})", "{{queue_name}}"),),
                series=7,
                unit="s",
                alerts=("PodlineQueueNotTaken",),
                limit=30,
            ),
            Panel(
                "Steps per second",
                "Each execution passes all but `saga.compensate`. `monitor.poll` is repeated while "
                "a program runs.",
                (
                    (
                        f"sum by (step) (rate(podline_step_seconds_count{_OF_STEPS}{_RATE}))",
                        "{{step}}",
                    ),
                ),
                unit="short",
                series=6,
                nothing="no steps",
            ),
            Panel(
                "Attempts and executions, per second",
                "If more attempts start than executions end, attempts are made again: see where "
                "programs run.",
                (
                    (f"sum(rate(podline_attempts_total{_RATE}))", "attempts started"),
                    (f"sum(rate(podline_executions_ended_total{_RATE}))", "executions ended"),
                ),
                unit="short",
                colors={"attempts started": "blue", "executions ended": "green"},
                alerts=("PodlineAttemptsFail",),
            ),
            Panel(
                "Duration of steps, 95th percentile",
                "19 of 20 steps are faster. `monitor.poll` waits for a program to end, so it takes "
                "up to its limit. If all are slow, the database is.",
                _of_steps("podline_step_seconds"),
                series=6,
                unit="s",
                nothing="no steps",
            ),
            Panel(
                "Waiting time of their messages, 95th percentile",
                "19 of 20 messages are taken sooner. If one waits for long, its role has too few "
                "workers.",
                _of_steps("podline_step_waiting_seconds"),
                series=6,
                unit="s",
                nothing="no messages",
            ),
            Panel(
                "Age of ticks",
                "Time since each tick of beat last ended without an error. One that only grows "
                "fails or is not taken: look at the log of the worker of its queue.",
                (("max by (tick) (podline_tick_age_seconds)", "{{tick}}"),),
                series=7,
                unit="s",
                alerts=("PodlineTickLate", "PodlineBeatSilent"),
            ),
            Panel(
                "Duration of ticks, mean",
                "A tick that takes longer and longer has more to do each time.",
                (
                    (
                        f"sum by (step) (rate(podline_step_seconds_sum{_OF_TICKS}{_RATE})) / "
                        f"(sum by (step) (rate(podline_step_seconds_count{_OF_TICKS}{_RATE})) > 0)",
                        "{{step}}",
                    ),
                ),
                series=7,
                unit="s",
                nothing="no ticks",
            ),
            Panel(
                "Newest heartbeat of each role",
                "Its age. If it is more than 20 s, no worker of the role is alive.",
                (("min by (role) (podline_heartbeat_age_seconds)", "{{role}}"),),
                series=9,
                unit="s",
                alerts=("PodlineNoWorker", "PodlineWorkerSilent", "PodlineNoWatcher"),
            ),
            Panel(
                "Processes that Prometheus reaches",
                "Red: the process is down or hangs, or Prometheus is cut off from it. Look at its "
                "log.",
                (('min by (instance) (up{job="podline"})', "{{instance}}"),),
                kind="state-timeline",
                alerts=("PodlineUnreachable", "PodlineNoMetrics"),
            ),
            Panel(
                "Found by the sweep in 5 minutes",
                "What was lost and continued. It follows the restart of a worker, Redis or a host; "
                "if it goes on, look for what is killed again and again.",
                ((recent("podline_sweep_found_total", "what", "5m"), "{{what}}"),),
                alerts=("PodlineSweepFinds",),
                nothing="nothing",
            ),
            Panel(
                "Restarts under podline up in 10 minutes",
                "Children that died, or hung and were killed: look at their logs in .podline/logs.",
                (
                    (
                        recent("podline_child_restarts_total", "child, why", "10m"),
                        "{{child}} {{why}}",
                    ),
                ),
                alerts=("PodlineChildRestarts",),
                nothing="none",
            ),
        ),
    ),
    "role": (
        "Podline: one role",
        (
            Panel(
                "Living workers",
                "Workers that serve the queue. 0: start one, or look at why it ends.",
                (('max(podline_workers{role="$role",state="alive"})', "alive"),),
                kind="stat",
                width=6,
                alerts=("PodlineNoWorker",),
                limit=1,
                is_minimum=True,
            ),
            Panel(
                "Silent workers",
                "Workers that hang or were killed: no heartbeat for 20 s.",
                (('max(podline_workers{role="$role",state="silent"})', "silent"),),
                kind="stat",
                width=6,
                alerts=("PodlineWorkerSilent",),
                limit=1,
            ),
            Panel(
                "Messages in the queue",
                "Messages that no worker has taken.",
                (('max(podline_celery_queue_length{queue_name="$role"})', "messages"),),
                kind="stat",
                width=6,
                alerts=("PodlineQueueNotTaken",),
            ),
            Panel(
                "Oldest message",
                "How long it has waited. Red: add workers if those there are busy, or restart them "
                "if they are idle.",
                ((f'max({_OLDEST_MESSAGE}{{queue_name="$role"}})', "oldest"),),
                kind="stat",
                width=6,
                unit="s",
                alerts=("PodlineQueueNotTaken",),
                limit=30,
            ),
            Panel(
                "Workers",
                "Those that are alive, and those that were silent for 20 s.",
                (('max by (state) (podline_workers{role="$role"})', "{{state}}"),),
                stacked=True,
                colors={"alive": "green", "silent": "red"},
                alerts=("PodlineNoWorker", "PodlineWorkerSilent"),
            ),
            Panel(
                "Steps and ticks per second",
                "What the role did. If it stands still while messages wait, its workers hang.",
                (
                    (
                        f"sum by (step) (rate(podline_step_seconds_count{_OF_ROLE}{_RATE}))",
                        "{{step}}",
                    ),
                ),
                unit="short",
                nothing="none",
            ),
            *_of_role(
                "Duration",
                "How long its steps and ticks took. If it grows with the load, the database is "
                "slow.",
                "podline_step_seconds",
            ),
            *_of_role(
                "Waiting time",
                "How long their messages waited in the queue. If it grows, add workers.",
                "podline_step_waiting_seconds",
            ),
        ),
    ),
    "hosts": (
        "Podline: where programs run",
        (
            Panel(
                "Places",
                "Sandbox hosts; without any, the sandbox or the cluster is one place. Lost: it was "
                "killed, hangs, or is cut off from Redis. `podline workers` names them.",
                (("max by (state) (podline_places)", "{{state}}"),),
                stacked=True,
                colors={"alive": "green", "draining": "yellow", "lost": "red"},
                alerts=("PodlineNoSlots",),
            ),
            Panel(
                "Slots",
                "Used and free. If none is free and work waits, add hosts or raise "
                "PODLINE_MAX_RUNNING.",
                (
                    ('max(podline_slots{state="used"})', "used"),
                    ('max(podline_slots{state="free"})', "free"),
                ),
                stacked=True,
                colors=_SLOTS,
                alerts=("PodlineNoSlots", "PodlineUsersWait"),
            ),
            Panel(
                "Demand and slots",
                "Executions that wait, are admitted or run, and the slots for them. Scale hosts so "
                "that the demand is below the slots for most of the time.",
                (
                    ("max(sum by (instance) (podline_work_demand))", "demand"),
                    ("sum(max by (state) (podline_slots))", "slots"),
                ),
                colors={"demand": "orange", "slots": "green"},
                alerts=("PodlineUsersWait",),
            ),
            Panel(
                "Attempts without a verdict in 5 minutes",
                "By reason. Each is made again, so users notice a delay only. Look at the log of "
                "the host or daemon at the time of the first.",
                ((recent("podline_attempts_ended_total", "reason", "5m"), "{{reason}}"),),
                alerts=("PodlineAttemptsFail",),
                nothing="none",
            ),
            Panel(
                "Compile stages per second",
                "From the compile cache (hit), or compiled (miss), which costs CPU time.",
                ((f"sum by (cache) (rate(podline_compiles_total{_RATE}))", "{{cache}}"),),
                unit="short",
                width=8,
                stacked=True,
                colors={"hit": "green", "miss": "orange"},
                nothing="none",
            ),
            Panel(
                "Pods started ahead",
                "On a cluster: those that are wanted, and those that are ready. If few are ready, "
                "programs wait for a new pod.",
                (("max by (state) (podline_pods_ahead)", "{{state}}"),),
                width=8,
                colors={"wanted": "blue", "ready": "green"},
            ),
            Panel(
                "Restarts of the watch in 5 minutes",
                "How often the watch of the runtime failed. If it goes on, the sandbox daemon or "
                "the API server of the cluster is unavailable.",
                (
                    (
                        recent("podline_watch_restarts_total", "instance", "5m"),
                        "{{instance}}",
                    ),
                ),
                width=8,
                alerts=("PodlineDependencyDown",),
            ),
        ),
    ),
    "stores": (
        "Podline: stores",
        (
            Panel(
                "Lag of the event log",
                "Age of the oldest event that is not in the event log yet. Above the line, the "
                "event log is unavailable or the relay is missing.",
                (("max(podline_outbox_oldest_seconds)", "oldest event"),),
                unit="s",
                alerts=("PodlineEventLogBehind",),
                limit=60,
            ),
            Panel(
                "Executions with events to relay",
                "Counted up to 10,000. If it grows under load and falls again, the relay is slower "
                "than the load for a while, which is well.",
                (("max(podline_outbox_executions)", "executions"),),
                alerts=("PodlineEventLogBehind",),
            ),
            Panel(
                "Disk",
                "What is free where the least is, and the reserve: at it, new work is refused.",
                (
                    ("min(podline_disk_free_bytes)", "free"),
                    ("max(podline_disk_reserved_bytes)", "reserve"),
                ),
                unit="bytes",
                colors={"free": "green", "reserve": "red"},
                alerts=("PodlineDiskNearlyFull",),
            ),
            Panel(
                "Sizes",
                "What each part takes on the API's disk, looked at every five minutes. `podline "
                "usage --disk` shows the same.",
                (("max by (part) (podline_stored_bytes)", "{{part}}"),),
                stacked=True,
                series=12,
                unit="bytes",
                alerts=("PodlineDiskNearlyFull",),
            ),
            Panel(
                "Lag of retention",
                "How long the oldest execution is kept beyond PODLINE_RETENTION_SECONDS. Above the "
                "line, the tick `saga.retention` fails or is too slow.",
                (("max(podline_retention_lag_seconds)", "oldest execution"),),
                unit="s",
                alerts=("PodlineRetentionBehind",),
                limit=3600,
            ),
            Panel(
                "Tries to deliver callbacks, per second",
                "Failed ones are tried again for a day, and then abandoned with a dead letter. The "
                "log of the worker of `results` has the reason.",
                (
                    (
                        f"sum by (result) (rate(podline_callback_deliveries_total{_RATE}))",
                        "{{result}}",
                    ),
                ),
                unit="short",
                stacked=True,
                colors={"delivered": "green", "failed": "orange", "abandoned": "red"},
                alerts=("PodlineCallbacksFail",),
                nothing="none",
            ),
        ),
    ),
}
"""By the name of the file: title and panels."""

_VARIABLES: Final = {
    "role": (query_variable("role", "Role", "label_values(podline_workers, role)"),),
}


def dashboard(name: str) -> str:
    """One dashboard as Grafana imports it."""
    title, panels = DASHBOARDS[name]
    model = whole(f"podline-{name}", title, panels, _VARIABLES.get(name, ()))
    return json.dumps(model, indent=2) + "\n"


def prometheus_rule() -> str:
    """The alerts of compose/monitoring for the Prometheus operator."""
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "podline", "namespace": "podline"},
        "spec": yaml.safe_load(RULES.read_text(encoding="utf-8")),
    }
    head = "# Written by `python -m docs.generate` from compose/monitoring/rules.yaml.\n"
    return head + yaml.safe_dump(rule, sort_keys=False, width=100)
