"""The resources: what a program printed, and the files it left behind."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from app.mcp import addresses
from app.mcp.errors import sentence
from app.mcp.tools import Connect
from podline import AsyncClient, Execution, NotFound, PodlineError
from podline.sources import text_if_utf8

_LARGEST: Final = 4 * 1024 * 1024
"""Bytes. More is no use to a model, and would be held in memory several times."""


def add_resources(server: MCPServer[Any], connect: Connect) -> None:
    """Add all resources to the server."""

    @server.resource(addresses.OUTPUT, title="Printed output", mime_type="text/plain")
    async def output(ctx: Context[Any, Any], execution_id: str, stream: str) -> str:
        """All that the program printed on stdout or stderr, once it has ended."""
        if stream not in ("stdout", "stderr"):
            raise ResourceNotFoundError(f"there is no stream {stream!r}: use stdout or stderr")

        async def read(client: AsyncClient, execution: Execution) -> bytes:
            result = execution.result
            _check(getattr(result, f"{stream}_size") if result else 0)
            return await getattr(client, stream)(execution_id)  # type: ignore[no-any-return]  # by name

        content = await _read(connect(ctx), execution_id, read)
        return content.decode("utf-8", errors="replace")

    @server.resource(addresses.FILE, title="A file", mime_type="application/octet-stream")
    async def file(ctx: Context[Any, Any], execution_id: str, name: str) -> str | bytes:
        """A file that the program left behind: as text if it is UTF-8."""

        async def read(client: AsyncClient, execution: Execution) -> bytes:
            artifacts = execution.result.artifacts if execution.result else ()
            _check(next((each.size for each in artifacts if each.name == name), 0))
            return await client.artifact(execution_id, name)

        return text_if_utf8(await _read(connect(ctx), execution_id, read))


async def _read(
    connected: AsyncClient,
    execution_id: str,
    read: Callable[[AsyncClient, Execution], Awaitable[bytes]],
) -> bytes:
    try:
        async with connected as client:
            return await read(client, await client.get(execution_id))
    except NotFound as error:
        raise ResourceNotFoundError(sentence(error)) from error
    except PodlineError as error:
        raise ResourceError(sentence(error)) from error


def _check(size: int | None) -> None:
    if (size or 0) > _LARGEST:
        raise ResourceError(
            f"it has {size:,} bytes; a resource has at most {_LARGEST:,}. Download it with "
            "Podline's API, or run a program that prints the part you need."
        )
