"""The server with its tools and resources, whatever carries its messages."""

from typing import Any, Final

from mcp.server.mcpserver import MCPServer

import podline
from app.mcp.resources import add_resources
from app.mcp.tools import Connect, add_tools

_INSTRUCTIONS: Final = (
    "Run programs in a sandbox. It has no network, and nothing remains from one run to the next: "
    "send all files that a program needs, and name in artifacts those that you want back. Use "
    "run_code for programs that end within a minute; start_code and get_execution for others."
)


def make_server(connect: Connect) -> MCPServer[Any]:
    """Return a server whose calls use the clients that `connect` returns."""
    server: MCPServer[Any] = MCPServer(
        "podline",
        title="Podline",
        instructions=_INSTRUCTIONS,
        version=podline.__version__,
        # At INFO, it would log the errors of tools, which can quote what a model sent.
        log_level="WARNING",
    )
    add_tools(server, connect)
    add_resources(server, connect)
    return server
