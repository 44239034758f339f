"""The witness's server on the loopback interface: what it takes, and what it refuses of HTTP."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings, strategies as st

from interlock.notary import CONNECTIONS_MAX, Answer, Site, serving

BODY_BYTES_MAX = 1_000
POST = "POST /say HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n{more}\r\n"


def echo(body: bytes) -> Answer:
    return Answer(status=200, text=body.decode())


@asynccontextmanager
async def connected(
    *, request_s_max: float = 20.0
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter, int]]:
    site = Site(
        handlers={"/say": echo},
        hosts={"127.0.0.1", "witness.example"},
        body_bytes_max=BODY_BYTES_MAX,
        request_s_max=request_s_max,
    )
    async with serving(site, host="127.0.0.1", port=0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer, port
        finally:
            writer.close()
            await writer.wait_closed()


def post(body: bytes, *, host: str = "127.0.0.1:80", more: str = "") -> bytes:
    return POST.format(host=host, length=len(body), more=more).encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].split("\r\n")[0])
    return int(head.split(" ")[1]), await reader.readexactly(length)


async def test_a_connection_serves_one_request_after_the_other():
    async with connected() as (reader, writer, _):
        for text in (b"one", b"", b"x" * BODY_BYTES_MAX):
            writer.write(post(text, host="witness.example"))
            assert await answer(reader) == (200, text)


async def test_requests_may_come_in_a_row():
    async with connected() as (reader, writer, _):
        writer.write(post(b"one") + post(b"two"))
        assert [await answer(reader), await answer(reader)] == [(200, b"one"), (200, b"two")]


async def test_who_asks_before_sending_is_told_to_go_on():
    async with connected() as (reader, writer, _):
        writer.write(post(b"hello", more="Expect: 100-continue\r\n")[:-5])
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        writer.write(b"hello")
        assert await answer(reader) == (200, b"hello")


@pytest.mark.parametrize(
    "request_bytes, status",
    [
        (post(b"", host="evil.example"), 421),
        (post(b"", host="127.0.0.1.evil.example:80"), 421),
        (post(b"", more="Origin: https://evil.example\r\n"), 403),
        (post(b"").replace(b"/say", b"/other"), 404),
        (post(b"").replace(b"POST", b"GET"), 405),
        (post(b"").replace(b"Content-Length: 0", b"Content-Length: x"), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (post(b"", more="Host: 127.0.0.1\r\n"), 400),
        (b"POST /say HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400),
        (post(b"x" * (BODY_BYTES_MAX + 1)), 413),
        (post(b"", more=f"X-Long: {'x' * 40_000}\r\n"), 431),
    ],
)
async def test_what_is_refused(request_bytes: bytes, status: int):
    async with connected() as (reader, writer, _):
        writer.write(request_bytes)
        assert (await answer(reader))[0] == status


async def test_a_question_for_the_head_alone_is_answered_with_it():
    async with connected() as (reader, writer, _):
        writer.write(post(b"").replace(b"POST", b"HEAD"))
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert (head.startswith(b"HTTP/1.1 405"), body) == (True, b"")


@pytest.mark.parametrize("method", [b"CONNECT", b"OPTIONS", b"TRACE", b"ODD", b"PUT"])
async def test_other_methods_are_refused(method: bytes):
    async with connected() as (reader, writer, _):
        upgrade = "Upgrade: websocket\r\nConnection: upgrade\r\n"
        writer.write(post(b"", more=upgrade).replace(b"POST", method))
        assert (await answer(reader))[0] == 405


async def test_chunks_have_the_same_limit():
    async with connected() as (reader, writer, _):
        chunked = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        writer.write(chunked + b"3e9\r\n" + b"x" * 1_001 + b"\r\n0\r\n\r\n")
        assert (await answer(reader))[0] == 413


async def test_who_says_nothing_is_let_go():
    async with connected(request_s_max=0.05) as (reader, writer, _):
        writer.write(b"POST /say HTTP/1.1\r\n")
        assert await reader.read() == b""


async def test_more_connections_than_the_limit_are_closed():
    async with connected() as (reader, writer, port):
        others = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS_MAX)]
        assert await others[-1][0].read() == b""
        writer.write(post(b"one"))
        assert await answer(reader) == (200, b"one")
        for _, other in others:
            other.close()


async def test_who_hangs_up_in_the_middle_disturbs_nobody():
    async with connected() as (reader, writer, port):
        _, other = await asyncio.open_connection("127.0.0.1", port)
        other.write(post(b"hello")[:-2])
        await other.drain()
        other.close()
        writer.write(post(b"one"))
        assert await answer(reader) == (200, b"one")


@settings(max_examples=25)
@given(data=st.binary(max_size=300), then=st.sampled_from([b"", b"\r\n\r\n"]))
def test_whatever_one_sends_the_next_one_is_served(data: bytes, then: bytes):
    async def served() -> None:
        async with connected(request_s_max=5.0) as (reader, writer, port):
            odd_reader, odd = await asyncio.open_connection("127.0.0.1", port)
            odd.write(data + then)
            odd.write_eof()
            assert (await odd_reader.read())[:9] in (b"", b"HTTP/1.1 ")
            odd.close()
            writer.write(post(b"one"))
            assert await answer(reader) == (200, b"one")

    asyncio.run(served())
