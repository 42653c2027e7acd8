"""Texts that try to run scripts, to phish, or to break a layout, wherever a page shows a text."""

from typing import Final

MARKUP: Final = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>"
ENTITIES: Final = (
    "&lt;b&gt; &#x3c;svg/onload=window.hacked=1&#x3e; {{7*7}} ${7*7} javascript:hacked=1"
)
ATTRIBUTES: Final = '" onmouseover="window.hacked=1" style="position:fixed;inset:0" \''
CLOSING: Final = (
    "</textarea></title></style></script><iframe srcdoc='<script>top.hacked=1</script>'>"
)
RIGHT_TO_LEFT: Final = "invoice\u202egpj.exe \u2067reversed\u2069 \u061c"
INVISIBLE: Final = "zero\u200bwidth\u200d\ufeff\u2060 joined\u00ad \u2028line\u2029 \U000e0041"
STACKED: Final = "Z" + "\u0350\u0351\u0357\u035b\u0300\u0301" * 40
WIDE: Final = (
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \ufdfd \u4e2d\u6587 \u0639\u0631\u0628\u064a"
)
LONG: Final = "x" * 10_000
LONG_WORDS: Final = "word " * 2_000

HARMLESS_LINES: Final = (
    *(MARKUP, ENTITIES, ATTRIBUTES, CLOSING, RIGHT_TO_LEFT, INVISIBLE, STACKED, WIDE),
    *(LONG, LONG_WORDS),
)
"""Without control characters, so that names and labels can have them too, where they are short."""

TERMINAL: Final = (
    "\x1b]0;another title\x07",
    "\x1b]8;;javascript:window.hacked=1\x1b\\click here\x1b]8;;\x1b\\",
    "\x1b]8;;https://phishing.example/\x07sign in again\x1b]8;;\x07",
    "\x1b[2J\x1b[H\x1b[31mred\x1b[0m \x1b[?1049h\x1b[8mhidden\x1b[28m",
    "\x1b[38;2;300;-1;999999999mcolour\x1b[m\x1b[" + "1;" * 5_000 + "m",
    "\x1b]52;c;aGFja2Vk\x07\x1bPq#0;2;0;0;0\x1b\\\x1b[6n\x1b",
    "progress 10 %\rprogress 100 %\r\n",
    "NUL \x00 BEL \x07 BS \b\b\b VT \x0b FF \x0c DEL \x7f C1 \x9b31m \x85",
)
"""What a terminal would obey. Only programs print it: the API refuses it in names."""

OUTPUT: Final = "\n".join((*HARMLESS_LINES, *TERMINAL, "the last line"))


def short(text: str, characters: int = 60) -> str:
    """Cut it to what a name or a label can have."""
    return text[:characters]
