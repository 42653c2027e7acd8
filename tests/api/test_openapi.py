"""The OpenAPI document and its page."""

import re
from collections.abc import Iterator

from openapi_spec_validator import validate
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.api.application import OPERATIONS
from app.api.counts import JSON_SCHEMA_KEY, maximum, model_in
from app.domain.policy import InputMaxima
from app.domain.records import Role
from tests.api.contract import Api, connector
from tests.twins import make_twins


def test_the_document_is_valid_openapi_3_1(api: Api) -> None:
    validate(api.document)
    assert api.document["openapi"].startswith("3.1")


def test_it_has_every_operation_once(api: Api) -> None:
    described = [
        (method.upper(), path)
        for path, methods in api.document["paths"].items()
        for method in methods
    ]
    served = {
        (method, re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in api.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert set(described) == served - {("GET", "/openapi.json"), ("GET", "/docs")}
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


def _counted(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The lists and maps of a model and of the models in it."""
    for name, field in model.model_fields.items():
        if re.search(r"\b(list|dict)\[", str(field.annotation)):
            yield f"{model.__name__}.{name}", field
        inner = model_in(field)
        if inner is not None:
            yield from _counted(inner)


def test_every_list_and_map_that_is_sent_has_a_maximum() -> None:
    sent = {model for operation in OPERATIONS for model in (operation.body, operation.query)}
    counted = {at: field for model in sent if model for at, field in _counted(model)}
    assert "Submission.files" in counted
    assert [at for at, field in counted.items() if maximum(field, InputMaxima()) is None] == []
