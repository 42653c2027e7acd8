"""The table of settings: names and defaults from app/settings, what each means from here."""

from collections.abc import Mapping
from typing import Any, Final

from app.settings import Settings
from app.settings.checks import names
from app.settings.sources import variable

_LIMIT: Final = {
    "wall_seconds": "time from start to end",
    "cpu_seconds": "CPU time of all processes together",
    "memory_mib": "memory of all processes together, MiB",
    "processes": "processes and threads at once",
    "output_kib": "output on each of stdout and stderr, KiB",
    "disk_mib": "files that may be written, MiB",
}
_STAGE: Final = {
    "default_limits": "Given to a program that asks for nothing",
    "max_limits": "The most that a program may ask for",
    "default_compile_limits": "Given to a compile stage",
    "max_compile_limits": "The most that a compile stage may ask for",
}

MEANING: Final[Mapping[str, Mapping[str, str]]] = {
    "Places": {
        "data_dir": "The data folder. `podline up --data-dir` sets it.",
        "database_url": "The store: `sqlite:///<path>` or `mongodb://<host>/<database>`.",
        "event_log_url": "The event log: `sqlite:///<path>`, or "
        "`kafka://<host>:<port>[,<host>:<port>]/<topic>`: [Kafka](#kafka-as-the-event-log).",
        "redis_url": "Broker, queue and live output: `redis://…` or `unix:///<socket>`. "
        "`podline up` starts a server of its own and refuses another one.",
        "runtime_url": "What runs programs: the sandbox daemon, `unix:///<socket>`, as above; or "
        "`kubernetes://<namespace>`, with access by `KUBECONFIG` or by a service account.",
        "replay_dir": "The folder for SQLite databases that [replays](replay.md) rebuild into.",
        "languages_file": "More languages: [languages.md](languages.md#add-a-language).",
        "port": "The API's, on 127.0.0.1; 0 is any free one. `podline up --port` sets it.",
        "flower_port": "The port of Flower. Another one is taken where it is not free.",
        "flower_user": "The user name for Flower.",
        "admin_key": "The first admin key: the API makes it valid when it starts. "
        "`podline up` makes one of its own, in its data folder.",
        "flower_password": "The password for Flower. Made and kept in the data folder if unset.",
        "worker_concurrency": "Threads of one Celery worker.",
        "heartbeat_file": "Touched every 2 s by a worker, or beat, that works: "
        "[health of roles](#health-of-roles).",
        "metrics_port": "A worker's `/metrics`; none by default: [metrics](#metrics).",
        "metrics_host": "The address of `/metrics` of a worker.",
        "log_format": "`text` or `json`: [logs](#logs).",
        "log_level": "`debug`, `info`, `warning` or `error`.",
    },
    "Admission": {
        "max_running": "Slots: programs at once, in all.",
        "max_running_per_owner": "Slots of one owner.",
        "sandbox_unheld_limits": "Limits without which the sandbox may start where they do not "
        "hold, such as `memory,cpu`: [what holds them](#what-holds-the-limits).",
        "ready_jails": "Jails kept set up, some 7 MB each: a program starts 10 ms sooner. "
        "After 5 idle minutes they are let go.",
        "ageing_seconds": "A waiting execution rises by one priority band for each of these.",
        "max_unfinished_per_owner": "Unfinished executions of one owner; beyond it, 429.",
        "max_unfinished": "Executions in the queue, of all owners; beyond it, 429.",
    },
    "Attempts": {
        "max_attempts": "Attempts of one execution before it is failed.",
        "start_timeout": "From the start of an attempt until its program runs.",
    },
    "Sweep, relay, replay": {
        "relay_interval": "Between two relays of events into the log.",
    },
    "Dead letters": {
        "dlq_max_retries": "Retries before a dead letter is archived.",
    },
    "Retention": {
        "retention_seconds": "Executions, with results, and replays that ended longer ago go.",
        "idempotency_seconds": "How long an `Idempotency-Key` is remembered.",
    },
    "Limits of programs": {
        f"{stage}.{limit}": f"{who}: {what}."
        for stage, who in _STAGE.items()
        for limit, what in _LIMIT.items()
    },
    "Kafka": {
        "kafka.partitions": "Of a topic that is made. More later would split the order of an "
        "execution's events.",
        "kafka.replication_factor": "Of a topic that is made.",
        "kafka.min_insync_replicas": "Of a topic that is made: copies that must have an event "
        "before it counts as delivered.",
        "kafka.retention_seconds": "Of a topic that is made: older events are removed.",
        "kafka.security_protocol": "`plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`.",
        "kafka.ssl_ca_location": "The file of the CA that signed the brokers' certificates.",
        "kafka.ssl_certificate_location": "The client's certificate, where brokers want one.",
        "kafka.ssl_key_location": "Its key.",
        "kafka.ssl_key_password": "The key's password.",
        "kafka.sasl_mechanism": "`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.",
        "kafka.sasl_username": "The user.",
        "kafka.sasl_password": "The user's password.",
    },
    "Kubernetes": {
        "kubernetes.images": "The languages on offer: `<language>=<image>:<version>`, with commas "
        "between them. A tag begins with the language's version; a digest may follow it.",
        "kubernetes.pod_image": "The image of the collector.",
        "kubernetes.image_pull_policy": "`IfNotPresent`, `Always` or `Never`.",
        "kubernetes.image_pull_secret": "The name of a Secret in the namespace.",
        "kubernetes.runtime_class": "The `RuntimeClass` of pods, such as gVisor's.",
        "kubernetes.cpu_request": "Cores that the scheduler sets aside, for each container.",
        "kubernetes.cpu_limit": "Cores that a container may use at once.",
        "kubernetes.pod_pids_limit": "The nodes' `podPidsLimit`: programs that ask for more "
        "processes are refused.",
    },
    "Limits of submissions": {
        "input.files_bytes": "All files together.",
        "input.stdin_bytes": "stdin.",
        "input.expected_output_bytes": "The expected output.",
    },
}

_IN_WORDS: Final = {
    "data_dir": "`.podline`",
    "database_url": "`podline.db` in the data folder",
    "event_log_url": "`events.db` in the data folder",
    "redis_url": "a socket in the data folder",
    "runtime_url": "a socket in the data folder",
    "replay_dir": "`replays` in the data folder",
    "flower_password": "made",
    "max_running": "the number of cores",
    "max_running_per_owner": "`max_running`",
    "sandbox_unheld_limits": "none",
    "ready_jails": "`max_running`",
    "retention_seconds": "never",
    "kafka.replication_factor": "the broker's",
    "kafka.min_insync_replicas": "the broker's",
    "kafka.retention_seconds": "never",
    "kafka.ssl_ca_location": "the system's",
    "kafka.ssl_certificate_location": "none",
    "kafka.ssl_key_location": "none",
    "kafka.ssl_key_password": "none",
    "kafka.sasl_mechanism": "none",
    "kafka.sasl_username": "none",
    "kafka.sasl_password": "none",
    "kubernetes.images": "[every one](languages.md) as `podline/<language>:<version>`",
    "kubernetes.pod_image": "`podline/pod:<version of Podline>`",
    "kubernetes.image_pull_secret": "none",
    "kubernetes.runtime_class": "the cluster's",
    "kubernetes.pod_pids_limit": "none",
}
"""Defaults that depend on the machine, or say nothing by themselves."""


def undescribed() -> set[str]:
    """Settings without a meaning here, and meanings without a setting: none, that is."""
    return set(names(Settings)) ^ {name for group in MEANING.values() for name in group}


def table() -> str:
    """Markdown: one table for each group."""
    defaults = _defaults()
    sections = []
    for title, group in MEANING.items():
        rows = [
            f"| `{variable(name)}` | {defaults[name]} | {meaning} |"
            for name, meaning in group.items()
        ]
        head = [f"### {title}", "", "| Variable | Default | What it is |", "|---|---|---|"]
        sections.append("\n".join(head + rows))
    return "\n\n".join(sections)


def _defaults() -> dict[str, str]:
    flat: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        group = field.get_default(call_default_factory=False)
        if hasattr(group, "model_dump"):
            flat |= {f"{name}.{inner}": value for inner, value in group.model_dump().items()}
        else:
            flat[name] = group
    shown = {name: f"`{_number(value)}`" for name, value in flat.items()}
    return shown | _IN_WORDS


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
