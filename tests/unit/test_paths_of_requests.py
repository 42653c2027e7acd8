"""The names of files in requests to the sandbox daemon."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.language import Language
from app.infrastructure.sandbox.conversion import for_sandbox
from sandbox.wire.framing import ProtocolError
from sandbox.wire.requests import pod_message, pod_of
from tests.support.sandbox_daemon import a_pod

HEADER, BODY = pod_message(
    for_sandbox(a_pod(Language(name="awk", version="1", source_name="a", compiled=False)))
)
PATHS = st.lists(st.sampled_from(["a", "b.c", ".", "..", "...", "", "/", "/a", "a/"]), max_size=5)


@given(parts=PATHS)
def test_only_a_plain_path_below_the_working_folder_is_taken(parts: list[str]) -> None:
    path = "/".join(parts)
    plain = str(PurePosixPath(path)) == path and not path.startswith("/")
    if plain and path != "." and ".." not in path.split("/"):
        assert pod_of({**HEADER, "entrypoint": path}, b"".join(BODY)).entrypoint == path
    else:
        with pytest.raises(ProtocolError, match="entrypoint: must "):
            pod_of({**HEADER, "entrypoint": path}, b"".join(BODY))
