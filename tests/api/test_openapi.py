"""The OpenAPI document and its page."""

import base64
import hashlib
import re
import shlex
from collections.abc import Iterator
from enum import StrEnum
from typing import get_args

from openapi_spec_validator import validate
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from app.api import console, docs
from app.api.application import OPERATIONS
from app.api.bounds import JSON_SCHEMA_KEY, declared, in_numbers, model_in
from app.api.examples import BODIES, command
from app.domain.api_key import Role
from app.domain.policy import InputMaxima
from tests.support.api_contract import Api, body, connector
from tests.support.cpu import least_cpu_seconds
from tests.support.twins import make_twins


def test_the_document_is_valid_openapi_3_1(api: Api) -> None:
    validate(api.document)
    assert api.document["openapi"].startswith("3.1")


def test_it_has_every_operation_once(api: Api) -> None:
    described = [
        (method.upper(), path)
        for path, methods in api.document["paths"].items()
        for method in methods
    ]
    pages = {rule.rule for rule in (*docs.rules(), *console.rules())}
    served = {
        (method, re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule))
        for rule in api.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule not in pages
    }
    assert set(described) == served
    assert len(described) == len(OPERATIONS)


def test_every_operation_has_its_own_id_and_says_what_it_does(api: Api) -> None:
    operations = [
        operation for methods in api.document["paths"].values() for operation in methods.values()
    ]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    assert all(operation["summary"] for operation in operations)


def test_the_page_shows_every_operation_and_fetches_nothing_of_others(api: Api) -> None:
    response = api.get("/docs")
    page = response.get_data(as_text=True)
    assert response.mimetype == "text/html"
    for operation in OPERATIONS:
        assert f"<code>{operation.path}</code>" in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//|@import""", page)
    assert not re.search(
        r"<script(?! type=\"module\" src=\"/assets/docs-\w+\.js\"></script>)", page
    )


def test_the_policy_of_the_page_allows_its_own_style_alone(api: Api) -> None:
    response = api.get("/docs")
    style = response.get_data(as_text=True).partition("<style>")[2].partition("</style>")[0]
    assert "font:" in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = response.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}';" in policy
    assert "default-src 'none'; script-src 'self';" in policy


def test_every_body_has_an_example_that_is_accepted(admin: Api) -> None:
    with_bodies = {
        operation["operationId"]: (method.upper(), path)
        for path, methods in admin.document["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation
    }
    assert with_bodies.keys() == BODIES.keys()
    (key,) = body(admin.get("/api/v1/keys"))["items"]
    for operation_id, (method, path) in with_bodies.items():
        of_a_key = path.replace("{key_id}", key["id"])
        response = admin.call(method, of_a_key, json=BODIES[operation_id])
        assert response.status_code < 300, response.text


def test_every_example_is_a_command_of_its_operation(api: Api) -> None:
    described = api.document["paths"]
    for operation in OPERATIONS:
        shown = command(
            operation.method, operation.path, described[operation.path][operation.method.lower()]
        )
        words = shlex.split(shown)
        assert words[0] == "curl"
        assert re.fullmatch(r"\$URL/[^{}]+", next(word for word in words if "$URL" in word))
        assert ("$KEY" in shown or "cookies" in shown) == (
            operation.role is not None or operation.path == "/api/v1/session"
        )


def test_it_has_the_maxima_that_are_settings() -> None:
    twins = make_twins(input=InputMaxima(args=3, env=5))
    document = connector(twins.ports)("ada", Role.USER).document
    fields = document["components"]["schemas"]["Submission"]["properties"]
    assert fields["args"]["maxItems"] == 3
    assert fields["env"]["maxProperties"] == 5
    assert fields["files"]["anyOf"][0]["maxItems"] == InputMaxima().files
    assert JSON_SCHEMA_KEY not in str(document)


def _sent() -> Iterator[tuple[str, FieldInfo]]:
    """Every field that a client can send, and its place."""
    for operation in OPERATIONS:
        for model in filter(None, (operation.body, operation.query)):
            yield from _fields_of(model)


def _fields_of(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        yield f"{model.__name__}.{name}", field
        inner = model_in(field)
        if inner is not None:
            yield from _fields_of(inner)


def test_every_list_and_map_that_is_sent_has_a_maximum() -> None:
    counted = {
        at: declared(field)
        for at, field in _sent()
        if re.search(r"\b(list|dict)\[", str(field.annotation))
    }
    assert "Submission.files" in counted
    assert [at for at, most in counted.items() if most is None] == []
    assert all(in_numbers(most, InputMaxima()) > 0 for most in counted.values() if most)


def test_every_enumeration_that_is_sent_is_read_by_its_values() -> None:
    models = {model for operation in OPERATIONS if (model := operation.body) is not None}
    for model in models:
        for name, field in model.model_fields.items():
            for value in _values(field.annotation):
                at = field.alias or name
                assert (at,) not in _wrong(model, {at: value}), (
                    f"{model.__name__}.{name} needs BY_VALUE"
                )


def _values(annotation: object) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return [member.value for member in annotation]
    return [value for inner in get_args(annotation) for value in _values(inner)]


def _wrong(model: type[BaseModel], sent: dict[str, object]) -> set[tuple[int | str, ...]]:
    """Places of problems."""
    try:
        model.model_validate(sent)
    except ValidationError as error:
        return {found["loc"] for found in error.errors()}
    return set()


def test_pages_that_need_no_key_are_made_once(api: Api) -> None:
    for path in ("/docs", "/openapi.json"):
        first, second = (api.app.test_client().get(path) for _ in range(2))
        assert first.data == second.data

        def get(path: str = path) -> None:
            for _ in range(20):
                api.app.test_client().get(path)

        assert least_cpu_seconds(get, times=3, enough=0.1) < 0.1
