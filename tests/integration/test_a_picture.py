"""A picture, from the package that draws it to the file that somebody looks at."""

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.support.standalone import FREE_PORT, Standalone, running

DRAWS = """
import os
import matplotlib.pyplot as plot

os.makedirs("out")
plot.figure(figsize=(4, 3), dpi=100)
plot.plot([number**2 for number in range(10)])
plot.savefig("out/squares.png")
plot.savefig("out/squares.svg")
"""
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Standalone]:
    with running(Standalone(tmp_path / "data", FREE_PORT)) as service:
        yield service


def podline(service: Standalone, *arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("podline")), *arguments]
    at = {"PODLINE_DATA_DIR": str(service.data_dir)}
    done = subprocess.run(
        command, cwd=service.data_dir.parent, env=os.environ | at, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.long
@pytest.mark.timeout(600)
def test_matplotlib_draws_a_picture_that_is_saved(service: Standalone) -> None:
    """At the default limits. Needs a package index."""
    folder = service.data_dir.parent
    (folder / "chart.py").write_text(DRAWS)
    podline(service, "packages", "add", "python", "matplotlib")

    podline(service, "run", "chart.py", "--artifact", "out/*.png", "--save", "pictures")

    (saved,) = (path for path in (folder / "pictures").rglob("*") if path.is_file())
    assert saved == folder / "pictures/out/squares.png"
    picture = saved.read_bytes()
    assert picture.startswith(PNG)
    assert struct.unpack_from(">4sII", picture, 12) == (b"IHDR", 400, 300)

    with service.client() as client:
        (execution,) = client.list()
    shown = json.loads(podline(service, "get", execution.id, "--json"))
    (artifact,) = shown["result"]["artifacts"]
    assert (artifact["media_type"], artifact["sha256"]) == (
        "image/png",
        sha256(picture).hexdigest(),
    )
    key = (service.data_dir / "key").read_text().strip()
    url = (service.data_dir / "url").read_text().strip() + artifact["url"]
    got = httpx.get(url, headers={"Authorization": f"Bearer {key}"})
    assert (got.content, got.headers["Content-Type"]) == (picture, "image/png")

    blobs = list((service.data_dir / "blobs").rglob(artifact["sha256"]))
    assert len(blobs) == 1
    podline(service, "delete", execution.id)
    assert not blobs[0].exists()
