"""An OpenAI-compatible endpoint on the loopback interface, with answers that a test gives it."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

Body: TypeAlias = dict[str, Any]
Reply: TypeAlias = Callable[[Body], str | int]
"""What is answered to a request: the text of a message, or the status of a failure."""


class Endpoint:
    """A server that keeps the requests that it got."""

    def __init__(self, reply: Reply) -> None:
        self.requests: list[Body] = []
        self.listed = 0
        self.keys: set[str | None] = set()
        self._reply = reply
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endpoint.listed += 1
                self._send(200, {"data": [{"id": "tiny-model"}, {"id": "other"}]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                endpoint.keys.add(self.headers.get("authorization"))
                endpoint.requests.append(body)
                found = endpoint._reply(body)
                if isinstance(found, int):
                    self._send(found, {"error": {"message": "no"}})
                    return
                message = {"role": "assistant", "content": found}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                self._send(200, {"choices": [choice], "usage": {"total_tokens": 11}})

            def _send(self, status: int, body: Body) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:  # type: ignore[override]
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @contextmanager
    def serving(self) -> Generator["Endpoint"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


def said(body: Body) -> str:
    """All that a request tells the model."""
    return "\n".join(message["content"] for message in body["messages"])
