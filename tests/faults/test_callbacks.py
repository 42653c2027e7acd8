"""Callbacks of a real service: a worker that is killed, and receivers that are down."""

import socket
import time
from contextlib import ExitStack
from pathlib import Path

from podline import CallbackState, Client, verify_callback
from tests.support.receiver import Receiver, accept
from tests.support.standalone import Standalone
from tests.support.waiting import wait_until

FAIR_SECONDS = 15
"""Far less than what 30 callbacks to receivers that are down would take one by one."""


def submit(client: Client, url: str) -> str:
    return client.submit("print(6 * 7)", language="python", callback_url=url).id


def wait_for(client: Client, execution_id: str, state: CallbackState) -> None:
    def has_come() -> bool:
        callback = client.get(execution_id).callback
        return callback is not None and callback.state is state

    wait_until(has_come, within=40)


def test_a_receiver_gets_what_the_key_signed(standalone: Standalone) -> None:
    with Receiver() as receiver, standalone.client() as admin:
        key = admin.keys.create("shop")
        assert key.callback_secret is not None
        with Client(admin.url, key.key) as client:
            execution_id = submit(client, receiver.url)
            receiver.wait_for(1)
            wait_for(client, execution_id, CallbackState.DELIVERED)
        (received,) = receiver.received
        signature = received.headers["Podline-Signature"]
        execution = verify_callback(received.body, signature, key.callback_secret)
        assert execution.id == execution_id
        assert execution.result is not None
        assert execution.result.stdout == "42\n"


def test_a_worker_killed_between_delivery_and_record_delivers_again(standalone: Standalone) -> None:
    def kill_first(connection: socket.socket) -> None:
        if len(receiver.received) == 1:
            standalone.kill("worker")
        accept(connection)

    with Receiver(answer=kill_first) as receiver, standalone.client() as client:
        execution_id = submit(client, receiver.url)
        receiver.wait_for(2, within=60)
        assert receiver.ids() == [execution_id, execution_id]
        wait_for(client, execution_id, CallbackState.DELIVERED)


def test_receivers_that_are_down_delay_no_other(standalone: Standalone) -> None:
    with ExitStack() as stack:
        hosts = [f"127.0.0.{number}" for number in (2, 3, 4)]
        silent = [stack.enter_context(socket.create_server((h, 0), backlog=64)) for h in hosts]
        good, client = stack.enter_context(Receiver()), stack.enter_context(standalone.client())
        for number in range(30):
            host, port = silent[number % len(silent)].getsockname()
            last = submit(client, f"http://{host}:{port}/")
        client.wait(last, timeout=60)
        execution_id = submit(client, good.url)
        client.wait(execution_id, timeout=60)
        began = time.monotonic()
        good.wait_for(1)
        assert time.monotonic() - began < FAIR_SECONDS
        assert good.ids() == [execution_id]


def test_the_secret_of_the_service_is_private_and_in_no_log(standalone: Standalone) -> None:
    file = standalone.data_dir / "callback-secret"
    assert file.stat().st_mode & 0o777 == 0o600
    secret = file.read_text().strip()
    logs = [*standalone.data_dir.glob("*.log"), *Path(standalone.data_dir, "logs").iterdir()]
    assert len(logs) > 3
    for log in logs:
        text = log.read_text(errors="replace")
        assert secret not in text
        assert "pcs_" not in text
