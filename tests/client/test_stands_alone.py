"""The package needs only httpx."""

from tests.support.packages import run_with_only

SCRIPT = """
for name in ("click", "pydantic", "app"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    raise SystemExit(f"{name} was not blocked")

import podline, sys
podline.Client("http://127.0.0.1:8000", "key").close()
assert "asyncio" not in sys.modules, "importing it takes long, and commands don't need it"
"""


def test_import_with_nothing_but_httpx() -> None:
    done = run_with_only("httpx", "podline", script=SCRIPT)
    assert (done.returncode, done.stderr) == (0, "")
