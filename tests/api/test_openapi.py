"""The OpenAPI document and its page."""

import re

from openapi_spec_validator import validate

from app.api.application import OPERATIONS
from tests.api.contract import Api


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
