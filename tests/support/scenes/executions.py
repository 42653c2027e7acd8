"""The list of executions, and single ones."""

from playwright.sync_api import Page, expect

from podline import Client
from tests.support.scenes import Scene

_COLOURS = """
import sys, time
for step, colour in (("Reading the data", 36), ("Training", 35), ("Checking", 33)):
    print(f"\\033[1;{colour}m{step}\\033[0m", flush=True)
    for n in range(1, 6):
        print(f"  epoch {n}: loss \\033[32m{1 / n:.3f}\\033[0m", flush=True)
print("\\033[33mWarning:\\033[0m 2 samples were left out", file=sys.stderr, flush=True)
"""
_RUNS_ON = "import time\nprint('waiting for a while', flush=True)\ntime.sleep(50)\n"
_PICTURE = """
import struct, zlib
def chunk(kind, data):
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)
rows = b"".join(
    b"\\0" + b"".join(bytes((x, y * 2, 160)) for x in range(240)) for y in range(120)
)
header = struct.pack(">IIBBBBB", 240, 120, 8, 2, 0, 0, 0)
with open("plot.png", "wb") as file:
    file.write(b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", header))
    file.write(chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
print("plot.png")
"""
_SUM = "a, b = input().split()\nprint(int(a) + int(b) if a != '9' else 'nine')\n"


def scenes(client: Client) -> list[Scene]:
    labels = {"course": "cs101", "week": "3"}
    coloured = client.run(_COLOURS, language="python", labels=labels)
    picture = client.run(_PICTURE, language="python", artifacts=["*.png"], labels=labels)
    judged = client.judge(
        _SUM,
        language="python",
        tests=[
            {"name": "small", "stdin": "1 2\n", "expected_output": "3\n"},
            {"name": "negative", "stdin": "-4 2\n", "expected_output": "-2\n"},
            {"name": "nines", "stdin": "9 9\n", "expected_output": "18\n"},
        ],
    )
    client.run("import sys; sys.exit(3)", language="python", labels={"course": "cs102"})
    client.run("while :; do :; done", language="bash", limits={"cpu_seconds": 0.2})
    broken = client.run("int main() { return x; }\n", language="c")
    cancelled = client.submit(_RUNS_ON, language="python", priority="high")
    running = client.submit(_RUNS_ON, language="python", limits={"wall_seconds": 60})
    return [
        Scene("execution-running", f"/executions/{running.id}", _printed),
        Scene("execution-cancelled", f"/executions/{cancelled.id}", _cancelled),
        Scene("execution-compile-error", f"/executions/{broken.id}", _broken),
        Scene("executions-delete", "/executions?label=course:cs101", _deleting),
        Scene("executions-none", "/executions?outcome=checker_error", _none),
        Scene("executions-keys", "/executions", _keys),
        Scene("executions", "/executions", _listed),
        Scene("executions-filtered", "/executions?label=course:cs101&within=24h", _listed),
        Scene("execution", f"/executions/{coloured.id}", _ended),
        Scene("execution-picture", f"/executions/{picture.id}", _pictured),
        Scene("execution-tests", f"/executions/{judged.id}", _opened),
    ]


def _listed(page: Page) -> None:
    expect(page.locator("tbody tr").first).to_be_visible()


def _ended(page: Page) -> None:
    expect(page.get_by_text("The program ended with exit code 0.")).to_be_visible()
    expect(page.locator(".output-row").first).to_be_visible()


def _pictured(page: Page) -> None:
    expect(page.get_by_role("img", name="Artifact plot.png")).to_be_visible()


def _opened(page: Page) -> None:
    page.get_by_role("button", name="nines").click()
    expect(page.locator(".difference-missing").first).to_be_visible()


def _printed(page: Page) -> None:
    expect(page.get_by_text("waiting for a while")).to_be_visible()


def _cancelled(page: Page) -> None:
    """By the first picture; the others find it so."""
    cancel = page.get_by_role("button", name="Cancel")
    ended = page.get_by_text("It was cancelled, so there is no result.")
    expect(cancel.or_(ended).first).to_be_visible()
    if cancel.is_visible():
        _printed(page)
        cancel.click()
    expect(ended).to_be_visible()


def _broken(page: Page) -> None:
    expect(page.get_by_text("error:").first).to_be_visible()


def _deleting(page: Page) -> None:
    _listed(page)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Delete")).to_be_enabled()


def _none(page: Page) -> None:
    expect(page.get_by_text("No execution matches")).to_be_visible()


def _keys(page: Page) -> None:
    _listed(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
