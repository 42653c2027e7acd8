"""An API server with the pods of one namespace, as far as pods that are started ahead need it.

It has labels, selectors, resource versions, preconditions and a quota. A new pod waits until a test
runs it. Nothing can be attached to.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.support.kubernetes.api_server import write_kubeconfig

JsonObject = dict[str, Any]

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
    _version: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def put(self, name: str, labels: Mapping[str, str], **status: Any) -> JsonObject:
        """Add a pod, or replace its status."""
        with self._lock:
            self._version += 1
            there = self.pods.get(name, {"metadata": {"labels": dict(labels)}, "spec": {}})
            metadata = {
                "uid": f"uid of {name}",
                "creationTimestamp": STARTED,
                **there["metadata"],
                "name": name,
                "resourceVersion": str(self._version),
            }
            self.pods[name] = {**there, "metadata": metadata, "status": status}
            return self.pods[name]

    def run(self, name: str) -> None:
        state = {"running": {"startedAt": STARTED}}
        statuses = [{"name": each, "state": state} for each in ("collector", "main")]
        self.put(name, {}, phase="Running", startTime=STARTED, containerStatuses=statuses)

    def run_all(self) -> list[str]:
        for name in self.pods:
            self.run(name)
        return list(self.pods)

    def answer(self, method: str, path: str, body: JsonObject) -> tuple[int, JsonObject]:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        _, _, rest = parts.path.partition("/namespaces/podline/")
        kind, _, name = rest.partition("/")
        with self._lock:
            if kind == "configmaps":
                return 200, {"items": self.config_maps}
            if not name:
                return self._create(body) if method == "POST" else self._list(query)
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
        if phase := query.get("fieldSelector", "").removeprefix("status.phase="):
            pods = [pod for pod in pods if pod["status"].get("phase") == phase]
        return 200, {"metadata": {"resourceVersion": str(self._version)}, "items": pods}

    def _patch(self, name: str, patch: JsonObject) -> tuple[int, JsonObject]:
        pod = self.pods[name]
        given = patch["metadata"].pop("resourceVersion", pod["metadata"]["resourceVersion"])
        if given != pod["metadata"]["resourceVersion"]:
            return 409, {"reason": "Conflict", "message": "the object has been modified"}
        for field_name, values in patch["metadata"].items():
            pod["metadata"][field_name] = {**pod["metadata"].get(field_name, {}), **values}
        pod["spec"] = {**pod["spec"], **patch.get("spec", {})}
        self.patches.append(patch)
        return 200, self.put(name, {}, **pod["status"])

    def _delete(self, name: str, options: JsonObject) -> tuple[int, JsonObject]:
        metadata = self.pods[name]["metadata"]
        conditions = options.get("preconditions", {})
        if any(metadata[condition] != value for condition, value in conditions.items()):
            return 409, {"reason": "Conflict", "message": "the object has been modified"}
        return 200, self.pods.pop(name)


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
            status, found = server.answer(self.command, self.path, json.loads(content or "{}"))
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  # their names are those of methods

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        write_kubeconfig(server.kubeconfig, f"http://127.0.0.1:{http.server_port}")
        yield server
        http.shutdown()
