"""The OpenAPI document and its page."""

import re
from collections.abc import Iterator
from enum import StrEnum
from time import process_time
from typing import get_args

from openapi_spec_validator import validate
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from app.api import console, docs
from app.api.application import OPERATIONS
from app.api.bounds import JSON_SCHEMA_KEY, maximum, model_in
from app.domain.api_key import Role
from app.domain.policy import InputMaxima
from tests.support.api_contract import Api, connector
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


def test_the_page_shows_every_operation_and_fetches_nothing(api: Api) -> None:
    response = api.get("/docs")
    page = response.get_data(as_text=True)
    assert response.mimetype == "text/html"
    for operation in OPERATIONS:
        assert f"<code>{operation.path}</code>" in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//|<script|@import""", page)
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


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
        at: maximum(field, InputMaxima())
        for at, field in _sent()
        if re.search(r"\b(list|dict)\[", str(field.annotation))
    }
    assert "Submission.files" in counted
    assert [at for at, most in counted.items() if most is None] == []


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
        started = process_time()
        for _ in range(20):
            api.app.test_client().get(path)

        assert first.data == second.data
        assert process_time() - started < 0.1
