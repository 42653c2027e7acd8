"""Take screenshots of every page, at two widths, in light and dark mode.

python -m tests.support.screenshots FOLDER [SCENE...]   (all scenes, or those whose names are given)
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from podline import Client
from tests.support.page import NARROW, SCHEMES, WIDE, a_browser, a_context, build_page, sign_in
from tests.support.scenes import Scene, Scenes, executions, frame, operating, playground
from tests.support.scenes.letters import leave_dead_letters
from tests.support.standalone import Standalone, running

ALL: Sequence[Scenes] = (
    frame.scenes,
    playground.scenes,
    executions.scenes,
    operating.scenes,
)
SIZES = {"1280": WIDE, "360": NARROW}


@contextmanager
def a_service() -> Iterator[tuple[Client, str]]:
    """Run `podline up`, and yield a client of it and its key."""
    with TemporaryDirectory(prefix="screenshots-") as folder:
        data = Path(folder, "data")
        with running(Standalone(data)) as up, up.client() as client:
            leave_dead_letters(up.store())
            yield client, (data / "key").read_text().strip()


def take(browser: Browser, url: str, key: str, scene: Scene, folder: Path) -> None:
    for size, viewport in SIZES.items():
        for scheme in SCHEMES:
            with a_context(browser, url, viewport=viewport, color_scheme=scheme) as context:
                page = sign_in(context, key) if scene.is_signed_in else context.new_page()
                page.goto(scene.path)
                scene.act(page)
                path = folder / f"{scene.name}-{size}-{scheme}.png"
                page.screenshot(path=path, full_page=scene.is_whole)


def main(arguments: Sequence[str]) -> int:
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    folder, wanted = Path(arguments[0]), set(arguments[1:])
    folder.mkdir(parents=True, exist_ok=True)
    build_page()
    with a_service() as (client, key), a_browser() as browser:
        for scenes in ALL:
            for scene in scenes(client):
                if not wanted or scene.name in wanted:
                    take(browser, client.url, key, scene, folder)
                    print(scene.name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
