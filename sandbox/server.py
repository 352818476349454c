"""AWS over HTTP on one loopback port, with connections that stay open."""

import io
import socket
import struct
import threading
import time
from contextlib import AbstractContextManager, redirect_stdout, suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from flask import Flask
from moto.backends import SERVICE_NAMES
from moto.core.request import Request
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from typing_extensions import override
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.test import run_wsgi_app

from sandbox import control, gate
from sandbox.replies import Reply

HOST = "127.0.0.1"
LARGEST_BODY = 256 * 1024 * 1024
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def _create_app(service: SERVICE_NAMES | None) -> Flask:
    if service is None:
        raise NotImplementedError("moto does not know the service")
    return create_backend_app(service)


class Services(DomainDispatcherApplication):
    """moto's dispatcher, which would print what it does not know on our output."""

    @override
    def get_backend_for_host(self, host: str | None) -> Any:
        """The service behind an AWS host name."""
        with redirect_stdout(io.StringIO()):
            return super().get_backend_for_host(host)


_aws = Services(_create_app)


class Handler(MotoRequestHandler):
    """Answers one connection's requests, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    @override
    def run_wsgi(self) -> None:
        """Answer the request that has just been parsed.

        werkzeug would close the connection after each answer; SDKs reuse theirs, and
        the whole body is read first, so the next request starts where it should.
        """
        environ = self.make_environ()
        body = self._body(environ)
        if body is None:
            return
        parts = urlsplit(self.path)
        try:
            if self._is_control:
                query = dict(parse_qsl(parts.query))
                reply = control.answer(self.command, unquote(parts.path), query, body)
            else:
                reply = self._aws(environ, body)
            self._send(reply)
        except gate.Dropped:
            self._drop()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _aws(self, environ: dict[str, Any], body: bytes) -> Reply:
        def work() -> Reply:
            chunks, status, headers = run_wsgi_app(_aws, {**environ, **_input(body)})
            return Reply(int(status.split()[0]), dict(headers), b"".join(chunks))

        try:
            return gate.handle(Request({**environ, **_input(body)}), work, wait=time.sleep)
        except gate.Late as late:
            time.sleep(late.seconds)
            return late.reply

    def _body(self, environ: dict[str, Any]) -> bytes | None:
        """The whole body; ``None`` when it was too long and has been refused."""
        largest = control.LARGEST_BODY if self._is_control else LARGEST_BODY
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read(largest + 1)
        else:
            length = self.headers.get("Content-Length") or "0"
            size = int(length) if length.isdigit() else 0
            body = self.rfile.read(size) if size <= largest else b" " * (largest + 1)
        if len(body) <= largest:
            return bytes(body)
        self.close_connection = True
        self._send(control.too_large(largest))
        return None

    @property
    def _is_control(self) -> bool:
        path = unquote(urlsplit(self.path).path)
        return f"{path}/".startswith(control.PREFIX)

    def _send(self, reply: Reply) -> None:
        headers = {
            name: value
            for name, value in reply.headers.items()
            if name.lower() not in ("connection", "transfer-encoding", "status")
        }
        if "content-length" not in map(str.lower, headers):
            headers["Content-Length"] = str(len(reply.body))
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def _drop(self) -> None:
        """Reset the connection: the client reads nothing, not even an end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        with suppress(OSError):
            self.connection.close()

    @override
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the record of calls tells more."""


def _input(body: bytes) -> dict[str, Any]:
    return {
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_TRANSFER_ENCODING": "",
    }


class Server(AbstractContextManager["Server"]):
    """Serves the world that ``sandbox.world.begin`` made, until the block is left."""

    def __init__(self, port: int = 0) -> None:
        """Take the port at once: an ``OSError`` says why it cannot be had."""
        self._socket = socket.create_server((HOST, port), backlog=128)
        self._server: BaseWSGIServer = make_server(
            HOST, port, _aws, threaded=True, request_handler=Handler, fd=self._socket.fileno()
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="sandbox", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._socket.close()
