"""Whatever is sent, the answer is one that the document has, and never a 500."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.requests import File, RequestedStageLimits, Submission
from app.domain.records import Role
from tests.api.contract import PROGRAM, connector
from tests.twins import make_twins

API = connector(make_twins(max_unfinished_per_owner=10**9).ports)("ada", Role.USER)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=4), values),
    max_leaves=6,
)


def objects(fields: object, values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.dictionaries(st.sampled_from(sorted(fields)), values, max_size=4)  # type: ignore[call-overload]  # names of fields


nested = st.one_of(
    anything,
    objects(RequestedStageLimits.model_fields, anything),
    st.lists(objects(File.model_fields, anything), max_size=2),
)
changes = objects(Submission.model_fields, nested)


@settings(deadline=None)
@given(changes | anything)
def test_a_submission(change: object) -> None:
    sent = PROGRAM | change if isinstance(change, dict) else change
    response = API.call(
        "POST", "/api/v1/executions", data=json.dumps(sent), content_type="application/json"
    )
    assert response.status_code in {202, 400, 403, 422}


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_bytes(data: bytes) -> None:
    response = API.call("POST", "/api/v1/executions", data=data, content_type="application/json")
    assert response.status_code in {400, 422}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["state", "label", "limit", "cursor", "x"]), st.text()))
def test_a_query(query: dict[str, str]) -> None:
    response = API.get("/api/v1/executions", query_string=query)
    assert response.status_code in {200, 422}


@settings(deadline=None)
@given(st.text(min_size=1))
def test_an_id(id: str) -> None:
    path = "/api/v1/executions/x" + "".join(f"%{byte:02x}" for byte in id.encode())
    assert API.get(path).status_code == 404
