"""The addresses of what an execution left behind, as MCP resources."""

from typing import Final
from urllib.parse import quote

OUTPUT: Final = "podline://executions/{execution_id}/{stream}"
FILE: Final = "podline://executions/{execution_id}/files/{+name}"


def output(execution_id: str, stream: str) -> str:
    return OUTPUT.format(execution_id=execution_id, stream=stream)


def file(execution_id: str, name: str) -> str:
    return f"podline://executions/{execution_id}/files/{quote(name)}"
