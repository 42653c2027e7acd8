"""The server for a host on this machine, which starts it and talks through its pipes."""

from app.mcp.server import make_server
from podline import AsyncClient


def serve(url: str, key: str | None) -> None:
    """Serve until stdin is closed. All calls use one key."""
    make_server(lambda _: AsyncClient(url, key)).run("stdio")
