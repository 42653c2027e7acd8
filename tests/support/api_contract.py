"""An API client that checks every response against the OpenAPI document."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from app import create_app
from app.domain.api_key import Role
from app.domain.policy import InputMaxima
from app.ports import Ports
from app.service import keys

Json = dict[str, Any]

PROGRAM: Json = {"language": "python", "source": "print(input())", "stdin": "hello\n"}


@dataclass(frozen=True, slots=True)
class Api:
    """Calls the API with a key. An undocumented response fails the test."""

    app: Flask
    document: Json
    key: str | None

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, json: object = None, **options: Any) -> TestResponse:
        return self.call("POST", path, json=json, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.call("DELETE", path, **options)

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        response = self.app.test_client().open(path, method=method, headers=headers, **options)
        assert response.headers["X-Request-Id"]
        if response.status_code >= 400 and response.mimetype != "application/json":
            check_problem(response)
        self._check(method, path, response)
        return response

    def _check(self, method: str, path: str, response: TestResponse) -> None:
        endpoint = self._endpoint(method, path)
        if endpoint is None:
            return
        described = self.document["paths"][endpoint][method.lower()]["responses"]
        status = str(response.status_code)
        assert status in described, f"{method} {endpoint} may not answer {status}"
        content = described[status].get("content", {})
        if not content:
            assert response.data == b""
            return
        assert response.mimetype in content or "*/*" in content
        if response.is_json and "*/*" not in content:
            schema = content[response.mimetype]["schema"]
            components = {"components": self.document["components"]}
            Draft202012Validator({**schema, **components}).validate(response.json)

    def _endpoint(self, method: str, path: str) -> str | None:
        urls = self.app.url_map.bind("localhost")
        if not urls.test(path.partition("?")[0], method):
            return None
        endpoint, _ = urls.match(path.partition("?")[0], method)
        return endpoint.partition(" ")[2] or None


Connect = Callable[[str, Role], Api]

_documents: dict[InputMaxima, Json] = {}


def _document(app: Flask, maxima: InputMaxima) -> Json:
    """The application's document, which is the same for all with these maxima."""
    if maxima not in _documents:
        document = app.test_client().get("/openapi.json").json
        assert document is not None
        _documents[maxima] = document
    return _documents[maxima]


def connector(ports: Ports) -> Connect:
    """Create an application on these ports. Each call creates a key and a client with it."""
    app = create_app(ports)
    document = _document(app, ports.policy.input)

    def connect(name: str, role: Role) -> Api:
        _, secret = keys.create(ports.store.keys, ports.clock, name, role)
        return Api(app, document, secret)

    return connect


def body(response: TestResponse, status: int = 200) -> Json:
    """Return the JSON of a response, which must have this status."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert isinstance(response.json, dict)
    return response.json


def check_problem(response: TestResponse) -> None:
    """Check RFC 9457, and what API clients rely on."""
    assert response.mimetype == "application/problem+json"
    problem = response.json
    assert isinstance(problem, dict)
    assert problem["status"] == response.status_code
    assert problem["type"]
    assert problem["title"]
    for error in problem.get("errors", ()):
        assert error["pointer"] == "" or error["pointer"].startswith("/")
        assert error["detail"]
