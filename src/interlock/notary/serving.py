"""A small HTTP server for one handler: POST in, text out, everything bounded.

h11 reads and writes HTTP; here are the limits around it. Requests are handled one at a time, in
the event loop: a witness must not be in two of them at once. Nothing is authenticated, since what
is sent proves itself; `Host` is checked and a browser is refused, so that no web page can reach a
server on the loopback interface.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, final

from interlock.notary.witness import Answer

if TYPE_CHECKING:
    import h11

REQUEST_S_MAX = 20.0
"""For a whole request, and for the silence before it."""

CONNECTIONS_MAX = 64
HEAD_BYTES_MAX = 16 * 1024
READ_BYTES = 16 * 1024

Handler = Callable[[bytes], Answer]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is served.

    Attributes:
        handlers: what answers a POST to a path.
        hosts: the names and numbers under which the server may be addressed, without ports.
        body_bytes_max: how long a request may be.
        request_s_max: how many seconds a request may take to arrive.
    """

    handlers: Mapping[str, Handler]
    hosts: Collection[str]
    body_bytes_max: int
    request_s_max: float = REQUEST_S_MAX


@asynccontextmanager
async def serving(site: Site, *, host: str, port: int) -> AsyncGenerator[int]:
    """Serve until the block ends; gives the port, which is a free one for port 0."""
    server = Server(site)
    listening = await asyncio.start_server(server.connected, host, port)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await server.close()


@final
class Server:
    """The connections of a site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._open: dict[asyncio.StreamWriter, asyncio.Event] = {}

    async def close(self) -> None:
        """Cut all connections off, and wait for what served them."""
        for writer in self._open:
            writer.transport.abort()
        for ended in list(self._open.values()):
            await ended.wait()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests of a connection until one side closes it."""
        if len(self._open) >= CONNECTIONS_MAX:
            writer.close()
            return
        ended = self._open[writer] = asyncio.Event()
        try:
            await Exchange(self._site, reader, writer).all()
        except (OSError, TimeoutError):
            pass  # Whoever asked is gone, or says nothing more.
        finally:
            writer.close()
            del self._open[writer]
            ended.set()


@final
class Exchange:
    """Requests and answers on one connection."""

    def __init__(
        self, site: Site, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        import h11

        self._site = site
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES_MAX)
        self._wants_head = False

    async def all(self) -> None:
        """Answer one request after the other."""
        import h11

        while await self._one():
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def _one(self) -> bool:
        """Answer a request; False is for a connection that has ended."""
        import h11

        try:
            async with asyncio.timeout(self._site.request_s_max):
                head = await self._event()
                if not isinstance(head, h11.Request):
                    return False
                self._wants_head = head.method == b"HEAD"
                refusal = self._refusal(head)
                answer = refusal if refusal is not None else await self._handled(head)
                await self._send(answer)
        except h11.RemoteProtocolError as error:
            if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                await self._send(_status(HTTPStatus(error.error_status_hint)))
            return False
        return True

    def _refusal(self, head: "h11.Request") -> Answer | None:
        headers = [(name, value.decode("latin-1")) for name, value in head.headers]
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1 or _without_port(hosts[0]) not in self._site.hosts:
            return _status(HTTPStatus.MISDIRECTED_REQUEST)
        if any(name == b"origin" for name, _ in headers):
            return _status(HTTPStatus.FORBIDDEN)
        if head.target.decode("latin-1") not in self._site.handlers:
            return _status(HTTPStatus.NOT_FOUND)
        if head.method != b"POST":
            return _status(HTTPStatus.METHOD_NOT_ALLOWED)
        return None

    async def _handled(self, head: "h11.Request") -> Answer:
        import h11

        if self._http.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            await self._write(self._http.send(go_on))
        body = bytearray()
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
            if len(body) > self._site.body_bytes_max:
                return _status(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not isinstance(event, h11.EndOfMessage):
            raise ConnectionError("the connection ended in the middle of a request")
        return self._site.handlers[head.target.decode("latin-1")](bytes(body))

    async def _event(self) -> object:
        import h11

        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(READ_BYTES))
        return event

    async def _send(self, answer: Answer) -> None:
        import h11

        body = answer.text.encode()
        headers = [
            ("content-type", answer.type),
            ("content-length", str(len(body))),
            ("x-content-type-options", "nosniff"),
        ]
        sent = self._http.send(h11.Response(status_code=answer.status, headers=headers)) or b""
        if not self._wants_head:
            sent += self._http.send(h11.Data(data=body)) or b""
        await self._write(sent + (self._http.send(h11.EndOfMessage()) or b""))

    async def _write(self, data: bytes | None) -> None:
        self._writer.write(data or b"")
        await self._writer.drain()


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name.lower() if colon and port.isdigit() else host.lower()


def _status(status: HTTPStatus) -> Answer:
    return Answer(status=status, text=f"{status.phrase}\n")
