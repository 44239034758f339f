"""HTTP servers on the loopback interface, which answer as a test says and remember what came."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Received:
    """A request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is answered. `hang` waits for the end of the test, `raw` replaces all of it."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    hang: bool = False
    raw: bytes | None = None


@dataclass
class Server:
    """A running server."""

    url: str
    received: list[Received] = field(default_factory=list[Received])
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


Answering = Callable[[Received], Reply]


@contextmanager
def serving(answer: Answering) -> Iterator[Server]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("content-length", 0))
            request = Received(
                method=self.command,
                path=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
            )
            server.received.append(request)
            self.reply(answer(request))

        do_GET = do_POST = do_PUT = do_HEAD = handle_any  # noqa: N815 - theirs

        def reply(self, reply: Reply) -> None:
            if reply.hang:
                server.ended.wait(30)
            self.close_connection = True
            try:
                if reply.raw is not None:
                    self.wfile.write(reply.raw)
                    return
                self.send_response_only(reply.status)
                for name, value in reply.headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(reply.body)))
                self.send_header("connection", "close")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body)
            except (BrokenPipeError, ConnectionResetError):
                return

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - theirs
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that went away is part of the tests."""

    listener = Quiet(("127.0.0.1", 0), Handler)
    server = Server(url=f"http://127.0.0.1:{listener.server_address[1]}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        listener.shutdown()
        listener.server_close()
        thread.join()


def in_turn(*replies: Reply) -> Answering:
    """Answer each request with the next reply, and the rest with the last."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def as_json(value: Any, status: int = 200) -> Reply:
    """Answer with JSON."""
    headers = (("content-type", "application/json"),)
    return Reply(status=status, body=json.dumps(value).encode(), headers=headers)
