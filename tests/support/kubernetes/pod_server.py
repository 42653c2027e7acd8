"""An API server with the pods of one namespace, as far as pods that are started ahead need it.

It has labels, selectors, resource versions, watches, preconditions and a quota. A new pod waits
until a test runs it. Nothing can be attached to.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.support.kubernetes.api_server import write_kubeconfig

JsonObject = dict[str, Any]

_POLL_SECONDS: Final = 0.05
"""How often it looks whether to stop."""
STARTED: Final = "2026-01-02T02:54:05Z"
UNSCHEDULABLE: Final = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}


@dataclass(slots=True)
class PodServer:
    kubeconfig: Path
    quota: int = 100
    pods: dict[str, JsonObject] = field(default_factory=dict)
    config_maps: list[JsonObject] = field(default_factory=list)
    patches: list[JsonObject] = field(default_factory=list)
    """Those that were accepted."""
    logs: dict[str, JsonObject] = field(default_factory=dict)
    """The only line of each pod's log."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """The methods and paths of all."""
    _changes: list[tuple[JsonObject, bool]] = field(default_factory=list)
    """Each pod after a change, and whether it was deleted. Versions count them."""
    _lock: threading.Condition = field(default_factory=threading.Condition)
    is_down: bool = False

    def put(self, name: str, labels: Mapping[str, str], **status: Any) -> JsonObject:
        """Add a pod, or replace its status."""
        with self._lock:
            there = self.pods.get(name, {"metadata": {"labels": dict(labels)}, "spec": {}})
            metadata = {
                "uid": f"uid of {name}",
                "creationTimestamp": STARTED,
                **there["metadata"],
                "name": name,
                "resourceVersion": self._next_version,
            }
            self.pods[name] = {**there, "metadata": metadata, "status": status}
            self._record(self.pods[name], is_gone=False)
            return self.pods[name]

    def remove(self, name: str) -> JsonObject:
        with self._lock:
            gone = self.pods.pop(name)
            self._record(gone, is_gone=True)
            return gone

    @property
    def _next_version(self) -> str:
        return str(len(self._changes) + 1)

    def _record(self, pod: JsonObject, *, is_gone: bool) -> None:
        self._changes.append((pod, is_gone))
        self._lock.notify_all()

    def go_down(self) -> None:
        """End all watches, and answer nothing."""
        with self._lock:
            self.is_down = True
            self._lock.notify_all()

    def watch(self, path: str) -> Iterator[JsonObject]:
        """Yield the events of a watch as they happen."""
        query = _query(path)
        wanted = query["labelSelector"].split(",")
        for version in count(int(query["resourceVersion"])):
            change = self._change_after(version)
            if change is None:
                return
            pod, is_gone = change
            is_gone = is_gone or not all(_has(pod, each) for each in wanted)
            yield {"type": "DELETED" if is_gone else "MODIFIED", "object": pod}

    def _change_after(self, version: int) -> tuple[JsonObject, bool] | None:
        """Wait for it. None if there will be no more."""
        with self._lock:
            self._lock.wait_for(lambda: self.is_down or len(self._changes) > version)
            return None if self.is_down else self._changes[version]

    def run(self, name: str) -> None:
        state = {"running": {"startedAt": STARTED}}
        statuses = [{"name": each, "state": state} for each in ("collector", "main")]
        self.put(name, {}, phase="Running", startTime=STARTED, containerStatuses=statuses)

    def end(self, name: str) -> None:
        """As its kubelet reports it."""
        state = {"terminated": {"startedAt": STARTED, "finishedAt": STARTED, "exitCode": 0}}
        statuses = [{"name": each, "state": state} for each in ("collector", "main")]
        self.put(name, {}, phase="Succeeded", startTime=STARTED, containerStatuses=statuses)

    def run_all(self) -> list[str]:
        for name in self.pods:
            self.run(name)
        return list(self.pods)

    def answer(self, method: str, path: str, body: JsonObject) -> tuple[int, JsonObject]:
        self.requests.append((method, path))
        query = _query(path)
        _, _, rest = urlsplit(path).path.partition("/namespaces/podline/")
        kind, _, name = rest.partition("/")
        with self._lock:
            if self.is_down:
                return 503, {"message": "down"}
            if kind == "configmaps" and method == "POST":
                self.config_maps.append(body)
                return 201, body
            if kind == "configmaps":
                return 200, {"items": self.config_maps}
            if method == "DELETE" and not name:
                return self._delete_all(query, body)
            if not name:
                return self._create(body) if method == "POST" else self._list(query)
            pod, _, part = name.partition("/")
            if part == "log" and pod in self.logs:
                return 200, self.logs[pod]
            if name not in self.pods:
                return 404, {"message": "not found"}
            if method == "GET":
                return 200, self.pods[name]
            return self._patch(name, body) if method == "PATCH" else self._delete(name, body)

    def _create(self, pod: JsonObject) -> tuple[int, JsonObject]:
        if len(self.pods) >= self.quota:
            return 403, {"reason": "Forbidden", "message": "exceeded quota"}
        name = pod["metadata"]["name"]
        self.pods[name] = pod
        return 201, self.put(name, {}, phase="Pending")

    def _list(self, query: Mapping[str, str]) -> tuple[int, JsonObject]:
        wanted = query.get("labelSelector", "").split(",")
        pods = [pod for pod in self.pods.values() if all(_has(pod, each) for each in wanted)]
        path, _, value = query.get("fieldSelector", "").partition("=")
        if path:
            part, field_name = path.split(".")
            pods = [pod for pod in pods if pod[part].get(field_name) == value]
        return 200, {"metadata": {"resourceVersion": str(len(self._changes))}, "items": pods}

    def _patch(self, name: str, patch: JsonObject) -> tuple[int, JsonObject]:
        pod = self.pods[name]
        given = patch["metadata"].pop("resourceVersion", pod["metadata"]["resourceVersion"])
        if given != pod["metadata"]["resourceVersion"]:
            return 409, {"reason": "Conflict", "message": "the object has been modified"}
        for field_name, values in patch["metadata"].items():
            merged = {**pod["metadata"].get(field_name, {}), **values}
            kept = {key: value for key, value in merged.items() if value is not None}
            pod["metadata"][field_name] = kept
        pod["spec"] = {**pod["spec"], **patch.get("spec", {})}
        self.patches.append(patch)
        return 200, self.put(name, {}, **pod["status"])

    def _delete_all(self, query: Mapping[str, str], options: JsonObject) -> tuple[int, JsonObject]:
        """With a grace period, they are only marked: their kubelet has to end them first."""
        found = self._list(query)
        for pod in found[1]["items"]:
            name = pod["metadata"]["name"]
            pod["metadata"]["deletionTimestamp"] = STARTED
            if options["gracePeriodSeconds"] == 0:
                self.remove(name)
        return found

    def _delete(self, name: str, options: JsonObject) -> tuple[int, JsonObject]:
        metadata = self.pods[name]["metadata"]
        conditions = options.get("preconditions", {})
        if any(metadata[condition] != value for condition, value in conditions.items()):
            return 409, {"reason": "Conflict", "message": "the object has been modified"}
        return 200, self.remove(name)


def _query(path: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


def _has(pod: JsonObject, requirement: str) -> bool:
    labels = pod["metadata"].get("labels", {})
    if requirement.startswith("!"):
        return requirement[1:] not in labels
    name, _, value = requirement.partition("=")
    return name in labels and value in ("", labels[name])


@contextmanager
def pod_server(folder: Path) -> Iterator[PodServer]:
    server = PodServer(folder / "kubeconfig")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if "watch=true" in self.path:
                self._watch()
                return
            status, found = server.answer(self.command, self.path, json.loads(content or "{}"))
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _watch(self) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in server.watch(self.path):
                line = json.dumps(event).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.write(b"0\r\n\r\n")

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  # their names are those of methods

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, args=[_POLL_SECONDS], daemon=True).start()
        write_kubeconfig(server.kubeconfig, f"http://127.0.0.1:{http.server_port}")
        yield server
        server.go_down()
        http.shutdown()
