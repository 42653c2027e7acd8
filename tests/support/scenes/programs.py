"""Programs that the pictures show."""

from functools import cache

from podline import Client, Execution, Test

COUNTING = """\
import sys
import time

name = input("Your name? ")
print(f"\\nHello, {name}!\\n")
for number in range(1, 6):
    bar = "#" * (8 * number)
    print(f"\\033[32m{bar:40}\\033[0m {number} of 5", flush=True)
    time.sleep(0.6)
print("\\033[33mThis is a warning.\\033[0m", file=sys.stderr)
"""
SQUARES = "n = int(input())\nprint(n * n if n < 10 else 'too large')\n"
FILES = {
    "main.py": "from geometry.shapes import area\n\nprint(area(3, 4))\n",
    "geometry/__init__.py": "",
    "geometry/shapes.py": "def area(width, height):\n    return width * height\n",
    "data/numbers.txt": "3 4\n",
}
LABELS = {"course": "cs101", "student": "ada"}


@cache
def ran(client: Client) -> dict[str, Execution]:
    """What has ended, by what it shows: made once for all scenes."""
    tests: list[Test] = [
        {"name": f"{number} squared", "stdin": f"{number}\n", "expected_output": f"{number**2}\n"}
        for number in (2, 3, 12)
    ]
    return {
        "success": client.run(COUNTING, language="python", stdin="Ada\n", labels=LABELS),
        "folders": client.run(files=FILES, entrypoint="main.py", language="python", labels=LABELS),
        "tests": client.run(SQUARES, language="python", tests=tests, labels=LABELS),
    }
