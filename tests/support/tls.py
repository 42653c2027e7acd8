"""Servers with TLS on this machine: a certificate, a real Redis, and TLS in front of a server."""

import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest
import redis

from tests.support.ports import free_port
from tests.support.waiting import wait_until

HOST: Final = "127.0.0.1"
OTHER_NAME: Final = "localhost"
"""Another name of the same machine, which is not in the certificate."""
REDIS_SERVER: Final = shutil.which(os.environ.get("REDIS_SERVER") or "redis-server")
"""The Valkey that Podline brings was built without TLS."""
needs_redis_server: Final = pytest.mark.skipif(
    REDIS_SERVER is None, reason="needs a redis-server with TLS, on the PATH or as REDIS_SERVER"
)


def certificate(folder: Path) -> Path:
    """Return a file with a key and its self-signed certificate for HOST, which is its own CA's."""
    path = folder / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", path, "-out", folder / "certificate.pem", "-days", "2",
         "-subj", "/CN=podline-test", "-addext", f"subjectAltName=IP:{HOST}"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    with path.open("a") as both:
        both.write((folder / "certificate.pem").read_text())
    return path


_OWN_CA: Final = """
[ca]
default_ca = own
[own]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = IP:127.0.0.1
"""


def expired_certificate(folder: Path) -> Path:
    """As `certificate`, but it was valid on one day of 2020 only."""
    path = folder / "expired.pem"
    (folder / "ca.cnf").write_text(_OWN_CA)
    (folder / "index").touch()
    for command in (
        ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", path.name, "-out", "request.pem", "-subj", "/CN=podline-test"],
        ["ca", "-batch", "-selfsign", "-config", "ca.cnf", "-keyfile", path.name,
         "-in", "request.pem", "-out", "expired-certificate.pem", "-notext",
         "-startdate", "20200101000000Z", "-enddate", "20200102000000Z"],
    ):  # fmt: skip
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    with path.open("a") as both:
        both.write((folder / "expired-certificate.pem").read_text())
    return path


@contextmanager
def redis_server(pem: Path, password: str) -> Iterator[str]:
    """A Redis that serves TLS only. Yields its URL."""
    assert REDIS_SERVER is not None
    port = free_port(HOST)
    url = f"rediss://:{password}@{HOST}:{port}/0"
    options = {
        "--bind": HOST,
        "--port": 0,
        "--tls-port": port,
        "--tls-cert-file": pem,
        "--tls-key-file": pem,
        "--tls-ca-cert-file": pem,
        "--tls-auth-clients": "no",
        "--save": "",
        "--requirepass": password,
    }
    words = [str(word) for option in options.items() for word in option]
    process = subprocess.Popen([REDIS_SERVER, *words], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: _answers(url, pem))
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(url: str, pem: Path) -> bool:
    with suppress(redis.ConnectionError), redis.Redis.from_url(url, ssl_ca_certs=str(pem)) as asked:
        return bool(asked.ping())
    return False


@contextmanager
def in_front_of(port: int, pem: Path) -> Iterator[int]:
    """Serve TLS for a server without it. Yields the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server((HOST, 0)) as listening:
        threading.Thread(target=_serve, args=(listening, context, port), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def _serve(listening: socket.socket, context: ssl.SSLContext, port: int) -> None:
    while True:
        try:
            accepted, _ = listening.accept()
        except OSError:  # it was shut down
            return
        threading.Thread(target=_join, args=(accepted, context, port), daemon=True).start()


def _join(accepted: socket.socket, context: ssl.SSLContext, port: int) -> None:
    """A client that refuses the certificate ends its connection only."""
    with (
        suppress(OSError),
        context.wrap_socket(accepted, server_side=True) as client,
        socket.create_connection((HOST, port)) as server,
    ):
        answers = threading.Thread(target=_copy, args=(server, client), daemon=True)
        answers.start()
        _copy(client, server)
        answers.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(65536):
            target.sendall(content)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
