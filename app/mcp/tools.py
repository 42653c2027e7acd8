"""The tools. Each call has a client of its own, because each caller has a key of its own."""

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field

import podline
from app import for_models
from app.mcp.answers import answer, described
from app.mcp.errors import told
from app.mcp.following import cancelled_with_the_call, followed
from app.mcp.models import Language, Languages, Limits, Run
from app.mcp.submitting import (
    Args,
    Artifacts,
    Code,
    Files,
    LanguageName,
    MemoryMib,
    Stdin,
    WallSeconds,
    submit,
)
from podline import AsyncClient

Connect = Callable[[Context[Any, Any]], AsyncClient]
"""Returns a client with the key of the caller."""

_WAIT: Final = 50.0
"""Seconds. Many hosts give up on a tool after 60."""
_LONGEST_WAIT: Final = 600.0

WaitSeconds = Annotated[
    float,
    Field(ge=0, le=_LONGEST_WAIT, description="Longest wait for the end; then call get_execution."),
]
ExecutionId = Annotated[str, Field(description="The execution_id that another tool returned.")]


def add_tools(server: MCPServer[Any], connect: Connect) -> None:
    """Add all tools to the server."""
    tools = Tools(connect)
    runs = ToolAnnotations(destructive_hint=False, open_world_hint=False)
    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    stops = ToolAnnotations(destructive_hint=True, idempotent_hint=True, open_world_hint=False)
    for tool, title, annotations, description in (
        (tools.run_code, "Run code", runs, for_models.RUN_CODE),
        (tools.start_code, "Start code", runs, None),
        (tools.get_execution, "Get an execution", reads, None),
        (tools.cancel_execution, "Cancel an execution", stops, None),
        (tools.list_languages, "List languages", reads, None),
    ):
        said = description or inspect.cleandoc(tool.__doc__ or "")
        server.add_tool(tool, title=title, description=said, annotations=annotations)


class Tools:
    """The tools' functions. Docstrings are what a model reads, except that of `run_code`."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def run_code(
        self,
        ctx: Context[Any, Any],
        code: Code,
        language: LanguageName = "python",
        stdin: Stdin = "",
        files: Files = {},  # noqa: B006  # the schema shows it, and nobody changes it
        args: Args = [],  # noqa: B006  # likewise
        artifacts: Artifacts = [],  # noqa: B006  # likewise
        wall_seconds: WallSeconds = None,
        memory_mib: MemoryMib = None,
        wait_seconds: WaitSeconds = _WAIT,
    ) -> Annotated[CallToolResult, Run]:
        """Run a program, and wait for its end. `for_models.RUN_CODE` is what a model reads."""
        async with self._client(ctx) as client:
            execution = await submit(
                client, code, language, stdin, files, args, artifacts, wall_seconds, memory_mib
            )
            async with cancelled_with_the_call(client, execution.id):
                execution = await followed(client, execution, ctx, wait_seconds)
            return await answer(client, execution)

    async def start_code(
        self,
        ctx: Context[Any, Any],
        code: Code,
        language: LanguageName = "python",
        stdin: Stdin = "",
        files: Files = {},  # noqa: B006  # as in run_code
        args: Args = [],  # noqa: B006  # as in run_code
        artifacts: Artifacts = [],  # noqa: B006  # as in run_code
        wall_seconds: WallSeconds = None,
        memory_mib: MemoryMib = None,
    ) -> Annotated[CallToolResult, Run]:
        """Start a program like run_code, without waiting. Then call get_execution with its id."""
        async with self._client(ctx) as client:
            execution = await submit(
                client, code, language, stdin, files, args, artifacts, wall_seconds, memory_mib
            )
            return await answer(client, execution)

    async def get_execution(
        self, ctx: Context[Any, Any], execution_id: ExecutionId, wait_seconds: WaitSeconds = 0
    ) -> Annotated[CallToolResult, Run]:
        """Return the state of an execution, and its result once it has ended."""
        async with self._client(ctx) as client:
            execution = await client.get(execution_id)
            if wait_seconds and not execution.state.terminal:
                execution = await followed(client, execution, ctx, wait_seconds)
            return await answer(client, execution)

    async def cancel_execution(self, ctx: Context[Any, Any], execution_id: ExecutionId) -> Run:
        """Stop an execution that has not ended."""
        async with self._client(ctx) as client:
            return described(await client.cancel(execution_id))

    async def list_languages(self, ctx: Context[Any, Any]) -> Languages:
        """List the languages, their versions, installed packages and limits."""
        async with self._client(ctx) as client:
            found = await client.languages()
        return Languages(languages=[_language(each) for each in found])

    @asynccontextmanager
    async def _client(self, ctx: Context[Any, Any]) -> AsyncIterator[AsyncClient]:
        with told():
            async with self._connect(ctx) as client:
                yield client


def _language(found: podline.Language) -> Language:
    return Language(
        name=found.name,
        version=found.version,
        aliases=list(found.aliases),
        packages=dict(found.packages),
        default_limits=_limits(found.limits.default) if found.limits else None,
        maximum_limits=_limits(found.limits.maximum) if found.limits else None,
    )


def _limits(limits: podline.Limits) -> Limits:
    return Limits(wall_seconds=limits.wall_seconds, memory_mib=limits.memory_mib)
