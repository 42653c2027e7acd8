"""Problem documents for requests that the server refuses before the application sees them."""

import logging
from typing import Final

from flask import Response
from waitress.task import ErrorTask
from waitress.utilities import Error

from app import logs
from app.api.doors.entrance import found, without_key
from app.api.problems import Problem, document
from app.api.request_id import HEADER as REQUEST_ID
from app.api.request_id import chosen
from app.api.security import HEADERS
from app.domain.origins import ANY

log = logging.getLogger(__name__)

_GIVEN_ID: Final = REQUEST_ID.upper().replace("-", "_")
"""The header's name in waitress."""
_RETRY_SECONDS: Final = 2
MAX_HEADER_LINES: Final = 128


class NoSpace(Error):
    """There is no space for the body."""

    code = 503
    reason = "Service Unavailable"


class UriTooLong(Error):
    code = 414
    reason = "URI Too Long"


class RefusalTask(ErrorTask):
    """Sends one of waitress's errors or ours, and closes the connection."""

    def execute(self) -> None:
        self.channel.refused = True
        # The request may have been refused before this header was read.
        error, request_id = self.request.error, chosen(self.request.headers.get(_GIVEN_ID, ""))
        problem = Problem(title=error.reason, status=error.code, detail=self._detail())
        response = self._formed(problem)
        body = response.get_data()
        logs.begin(request_id)  # This thread may have served another request before.
        log.info("refused: %d", error.code)
        self.status = response.status
        self.response_headers += [(REQUEST_ID, request_id), *HEADERS.items()]
        self.response_headers += [
            (name, value) for name, value in response.headers.items() if name != "Content-Length"
        ]
        if error.code == NoSpace.code:
            self.response_headers.append(("Retry-After", str(_RETRY_SECONDS)))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)

    def _formed(self, problem: Problem) -> Response:
        """In the form of the door that the request is for, if there is one."""
        path, _ = without_key(self.request.path)
        door = found(self.channel.server.doors, self.channel.port_of, path)
        if door is None:
            return document(problem)
        response = door.failed(problem, path)
        response.headers["Access-Control-Allow-Origin"] = ANY
        return response

    def _detail(self) -> str:
        error, adj = self.request.error, self.channel.adj
        match error.code:
            case 413:
                return f"the body can have at most {adj.max_request_body_size - 1} bytes"
            case 431:
                return (
                    f"the headers can have at most {adj.max_request_header_size} bytes"
                    f" and {MAX_HEADER_LINES} lines"
                )
            case _:
                return str(error.body)
