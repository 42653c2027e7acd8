"""What a tool returns about an execution: for a model as text and images, and as data."""

from base64 import b64encode
from typing import Final

from mcp_types import CallToolResult, ContentBlock, ImageContent, ResourceLink, TextContent

from app.for_models import shortened
from app.mcp import addresses
from app.mcp.models import File, Run
from podline import Artifact, AsyncClient, Execution, Result

_IMAGES: Final = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}
"""The media types of images that models take, and how such files begin (MIME Sniffing, 6.1).

A media type comes from the file's name. A host's model refuses a message with an image that is
none, and that message stays in its conversation.
"""
_LARGEST_IMAGE: Final = 1024 * 1024
"""Bytes. Larger images are links."""
_MOST_IMAGES: Final = 4
"""The others are links: each image costs a model thousands of tokens."""


async def answer(client: AsyncClient, execution: Execution) -> CallToolResult:
    """Describe the execution, with the images that its program made."""
    run = described(execution)
    content: list[ContentBlock] = [TextContent(type="text", text=_text(run))]
    artifacts = execution.result.artifacts if execution.result else ()
    images = [artifact for artifact in artifacts if _is_shown(artifact)][:_MOST_IMAGES]
    content += [await _image(client, execution.id, image) for image in images]
    content += [_link(execution.id, each) for each in artifacts if each not in images]
    return CallToolResult(content=content, structured_content=run.model_dump(mode="json"))


def described(execution: Execution) -> Run:
    """Return what a model needs to know, with outputs of bounded length."""
    run = Run(
        execution_id=execution.id,
        state=execution.state,
        outcome=execution.outcome,
        message=execution.message,
    )
    result = execution.result
    if result is None:
        return run
    run.exit_code, run.signal = result.exit_code, result.signal
    run.wall_seconds, run.cpu_seconds = _seconds(result.wall_ms), _seconds(result.cpu_ms)
    if result.memory_peak_kib is not None:
        run.memory_peak_mib = round(result.memory_peak_kib / 1024, 1)
    _show_output(run, result)
    if result.compile is not None and execution.outcome == "compile_error":
        printed = result.compile.stdout + result.compile.stderr
        run.compiler = shortened(printed, False, "compile again with fewer errors")
    run.files = [_described(execution.id, artifact) for artifact in result.artifacts]
    run.files_left_out = [
        f"{left_out.name}: {left_out.reason}" if left_out.name else left_out.reason
        for left_out in result.artifacts_left_out
    ]
    return run


def _show_output(run: Run, result: Result) -> None:
    for stream, text, size, exact in (
        ("stdout", result.stdout, result.stdout_size, result.stdout_bytes),
        ("stderr", result.stderr, result.stderr_size, result.stderr_bytes),
    ):
        whole = addresses.output(run.execution_id, stream)
        shown = shortened(text, size is not None and size > len(exact), whole)
        run.cut |= shown is not text
        setattr(run, stream, shown)


def _text(run: Run) -> str:
    """The output first, then what became of the program."""
    parts = [run.compiler, run.stdout, f"stderr:\n{run.stderr}" if run.stderr else ""]
    parts += [f"Not kept: {file}" for file in run.files_left_out]
    return "\n".join([part.rstrip("\n") for part in parts if part] + [f"[{_verdict(run)}]"])


def _verdict(run: Run) -> str:
    facts = [run.outcome or run.state]
    if run.exit_code is not None:
        facts.append(f"exit code {run.exit_code}")
    if run.signal is not None:
        facts.append(run.signal)
    if run.wall_seconds is not None:
        facts.append(f"{run.wall_seconds:g} s")
    if run.message:
        facts.append(run.message)
    if run.state not in _TERMINAL:
        facts.append("not ended yet: call get_execution with this id")
    return f"{', '.join(facts)}; execution_id {run.execution_id}"


_TERMINAL: Final = frozenset({"completed", "failed", "cancelled"})


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 3)


def _described(execution_id: str, artifact: Artifact) -> File:
    return File(
        name=artifact.name,
        size=artifact.size,
        media_type=artifact.media_type,
        uri=addresses.file(execution_id, artifact.name),
    )


def _is_shown(artifact: Artifact) -> bool:
    return artifact.media_type in _IMAGES and artifact.size <= _LARGEST_IMAGE


async def _image(client: AsyncClient, execution_id: str, artifact: Artifact) -> ContentBlock:
    """The image, or a link if its content is something else."""
    content = await client.artifact(execution_id, artifact.name)
    if not content.startswith(_IMAGES[artifact.media_type]):
        return _link(execution_id, artifact)
    data = b64encode(content).decode("ascii")
    return ImageContent(type="image", data=data, mime_type=artifact.media_type)


def _link(execution_id: str, artifact: Artifact) -> ResourceLink:
    return ResourceLink(
        type="resource_link",
        name=artifact.name,
        uri=addresses.file(execution_id, artifact.name),
        mime_type=artifact.media_type,
        size=artifact.size,
    )
