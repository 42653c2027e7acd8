"""What a model can say about a program, and how that is submitted."""

from typing import Annotated

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from app import for_models
from podline import AsyncClient, Execution, Program

Code = Annotated[str, Field(description=for_models.CODE)]
LanguageName = Annotated[
    str, Field(description="Such as python, javascript, c++ or java; see list_languages.")
]
Stdin = Annotated[str, Field(description=for_models.STDIN)]
Files = Annotated[
    dict[str, str],
    Field(description="Text files in the program's working folder: name to content."),
]
Args = Annotated[list[str], Field(description="Arguments of the program.")]
Artifacts = Annotated[
    list[str],
    Field(
        description="Patterns of files to return, such as ['*.png', 'out/**']. No file if empty."
    ),
]
WallSeconds = Annotated[
    float | None,
    Field(gt=0, description="Time limit; null: the language's default."),
]
MemoryMib = Annotated[
    int | None,
    Field(gt=0, description="Memory limit; null: the language's default."),
]


async def submit(
    client: AsyncClient,
    code: str,
    language: str,
    stdin: str,
    files: dict[str, str],
    args: list[str],
    artifacts: list[str],
    wall_seconds: float | None,
    memory_mib: int | None,
) -> Execution:
    """Submit a program. Raises PodlineError, and ToolError if a file has the code's name."""
    main = await _file_of_code(client, language) if files else None
    if main in files:
        raise ToolError(f"call the file {main!r} something else: it is the name of the code's file")
    limits = {"wall_seconds": wall_seconds, "memory_mib": memory_mib}
    program = Program(
        language=language,
        stdin=stdin,
        args=args,
        artifacts=artifacts,
        limits={name: limit for name, limit in limits.items() if limit is not None},
    )
    if main is None:
        program["source"] = code
    else:
        program["files"], program["entrypoint"] = {**files, main: code}, main
    return await client.submit(**program)


async def _file_of_code(client: AsyncClient, language: str) -> str:
    for found in await client.languages():
        if language in (found.name, *found.aliases):
            return found.source_name
    return "main"  # an unknown language is refused in any case
