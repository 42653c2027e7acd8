"""Files that a program created: in its result, one by one, and all in a ZIP file."""

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from zipfile import ZipFile, ZipInfo

from flask import Response
from werkzeug.http import dump_options_header

from app.api import byte_ranges, schemas
from app.api.byte_ranges import Content
from app.api.context import Call
from app.api.operations import Section
from app.domain.artifact import Artifact
from app.domain.result import Result
from app.service import artifacts as service
from app.service.executions import result as result_of

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

artifacts = Section("Artifacts", "/api/v1/executions")

_ANY: Final = "*/*"
_ZIP: Final = "application/zip"
_DISPOSITION: Final = "Content-Disposition"
_SENDS: Final = {
    status: headers if status == 304 else (*headers, _DISPOSITION)
    for status, headers in byte_ranges.SENDS.items()
}
_FILE: Final = 0o644 << 16
"""Mode of an entry (`external_attr` of ZIP files that Unix made)."""


def in_result(result: Result) -> list[schemas.Artifact]:
    base = f"/api/v1/executions/{result.execution_id}/artifacts"
    return [
        schemas.Artifact(
            name=artifact.name,
            bytes=artifact.blob.size,
            sha256=artifact.blob.sha256,
            media_type=artifact.media_type,
            url=f"{base}/{quote(artifact.name)}",
        )
        for artifact in result.artifacts
    ]


def left_out(result: Result) -> list[schemas.LeftOut]:
    return [
        schemas.LeftOut(name=each.name, reason=each.reason) for each in result.artifacts_left_out
    ]


@artifacts.operation(
    "GET",
    "/{execution_id}/artifacts/{path:name}",
    {200: _ANY, 206: _ANY, 304: None},
    errors=(404, 416),
    headers=byte_ranges.REQUEST_HEADERS,
    sends=_SENDS,
)
def artifact(call: Call, execution_id: str, name: str) -> Response:
    """A file that the program created, or a range of it."""
    result = _result(call, execution_id)
    found = service.named(result, name)
    content = Content(
        name=found.blob.sha256,
        size=found.blob.size,
        read=lambda start, size: service.content(call.ports.blobs, result, found, start, size),
        media_type=found.media_type,
    )
    return _download(byte_ranges.respond(content), name.rpartition("/")[2])


@artifacts.operation(
    "GET",
    "/{execution_id}/artifacts.zip",
    {200: _ZIP},
    errors=(404,),
    sends={200: (_DISPOSITION,)},
)
def archive(call: Call, execution_id: str) -> Response:
    """All files that the program created."""
    result = _result(call, execution_id)
    contents = (
        (each, service.content(call.ports.blobs, result, each)) for each in result.artifacts
    )
    return _download(Response(zipped(contents), mimetype=_ZIP), f"{execution_id}.zip")


def _result(call: Call, execution_id: str) -> Result:
    store = call.ports.store
    return result_of(store.executions, store.results, call.caller, execution_id)


def _download(response: Response, name: str) -> Response:
    """Browsers save it, and show nothing of it on a page of the service."""
    encoded = {"filename*": f"UTF-8''{quote(name, safe='')}"}  # RFC 8187
    options = {"filename": name} if name.isascii() else encoded
    response.headers[_DISPOSITION] = dump_options_header("attachment", options)
    return response


def zipped(contents: Iterable[tuple[Artifact, Iterable[bytes]]]) -> Iterator[bytes]:
    """A ZIP file, in pieces. Nothing is compressed: pictures are already, and others are small.

    A backslash in a name would lead out of the folder where Windows unpacks it (APPNOTE, 4.4.17.1).
    """
    sink = _Sink()
    with ZipFile(sink, "w") as archive:
        for artifact, pieces in contents:
            entry = ZipInfo(artifact.name.replace("\\", "_"))
            entry.external_attr = _FILE
            with archive.open(entry, "w") as file:
                for piece in pieces:
                    file.write(piece)
                    yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken. It can't seek, so sizes follow the contents."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: "ReadableBuffer") -> int:
        size = memoryview(content).nbytes
        self._written += content
        return size

    def taken(self) -> bytes:
        content = bytes(self._written)
        self._written.clear()
        return content
