"""What models read, by MCP or an OpenAPI tool: sentences, and texts that are short enough."""

from typing import Final

RUN_CODE: Final = (
    "Run a program in a sandbox without a network, and return what it printed. Nothing remains "
    "from one call to the next, so send the whole program each time and print what you want to "
    "see. A program that fails or is stopped by a limit is a normal result: read outcome and "
    "stderr."
)
CODE: Final = "The whole program."
STDIN: Final = "What the program reads from its standard input."
OUTCOME: Final = (
    "How the program ended, such as success, runtime_error, time_limit, memory_limit, "
    "output_limit or compile_error"
)
"""Without a full stop: some results have no outcome yet."""
MESSAGE: Final = "Why it ended like this."
SIGNAL: Final = "The signal that ended the program."
COMPILER: Final = "What the compiler printed, if it failed."

LONGEST: Final = 12_000
"""Characters of one stream that a model is shown."""
_HEAD: Final = LONGEST * 2 // 3


def shortened(text: str, more: bool, whole: str) -> str:
    """Return the text, or its parts around a line that says where the whole is.

    `more` says that `text` is only the beginning, so that its end is not the end of the output.
    """
    if more:
        return f"{text[:LONGEST]}\n[cut here; all of it: {whole}]"
    if len(text) <= LONGEST:
        return text
    left_out = len(text) - LONGEST
    return (
        f"{text[:_HEAD]}\n[{left_out:,} characters cut here; all of it: {whole}]\n"
        f"{text[_HEAD - LONGEST :]}"
    )
