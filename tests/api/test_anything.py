"""Whatever a client sends, the response is documented and never a 500."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.operator_requests import DeadLetterSelection, NewKey, NewReplay
from app.api.submission.form import File, RequestedStageLimits, Submission
from tests.support.api_contract import PROGRAM, Api
from tests.support.cpu import least_cpu_seconds

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
def test_a_submission(lasting_api: Api, change: object) -> None:
    sent = PROGRAM | change if isinstance(change, dict) else change
    response = lasting_api.call(
        "POST", "/api/v1/executions", data=json.dumps(sent), content_type="application/json"
    )
    assert response.status_code in {202, 400, 403, 422}


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_bytes(lasting_api: Api, data: bytes) -> None:
    response = lasting_api.call(
        "POST", "/api/v1/executions", data=data, content_type="application/json"
    )
    assert response.status_code in {400, 422}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["state", "label", "limit", "cursor", "x"]), st.text()))
def test_a_query(lasting_api: Api, query: dict[str, str]) -> None:
    response = lasting_api.get("/api/v1/executions", query_string=query)
    assert response.status_code in {200, 422}


@settings(deadline=None)
@given(st.text(min_size=1))
def test_an_id(lasting_api: Api, id: str) -> None:
    path = "/api/v1/executions/x" + "".join(f"%{byte:02x}" for byte in id.encode())
    assert lasting_api.get(path).status_code == 404


PIECES = [
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    '"',
    "\\",
    "\\u00",
    "d8",
    "0",
    "-",
    "1e9",
    ".5",
    "null",
    " ",
    "é",
]
pieces = st.lists(st.sampled_from([*PIECES, '"a":', '"args":', '"b",', "[],", "{},"]), max_size=6)


@given(before=pieces, repeated=pieces.filter(bool), after=pieces)
def test_the_cost_of_any_body(
    lasting_api: Api, before: list[str], repeated: list[str], after: list[str]
) -> None:
    unit = "".join(repeated)
    sent = ("{" + "".join(before) + unit * (100_000 // len(unit)) + "".join(after)).encode()

    def refuse() -> None:
        response = lasting_api.call(
            "POST", "/api/v1/executions", data=sent, content_type="application/json"
        )
        assert response.status_code in {400, 422}

    allowed = 0.02 + 150e-9 * len(sent)
    assert least_cpu_seconds(refuse, times=3, enough=allowed) <= allowed


operators = st.one_of(
    st.tuples(st.just("replays"), objects({*NewReplay.model_fields, "from"}, anything)),
    st.tuples(st.just("dead-letters/retry"), objects(DeadLetterSelection.model_fields, anything)),
    st.tuples(st.just("keys"), objects(NewKey.model_fields, anything)),
    st.tuples(st.sampled_from(["replays", "dead-letters/retry", "keys"]), anything),
)


@settings(deadline=None)
@given(operators)
def test_the_bodies_of_operators(lasting_api: Api, call: tuple[str, object]) -> None:
    path, sent = call
    response = lasting_api.call(
        "POST", f"/api/v1/{path}", data=json.dumps(sent), content_type="application/json"
    )
    assert response.status_code in {201, 202, 400, 422}
