"""One HTTP request and its answer, bounded; and whether anything was sent, when there is none.

`httpx2` is imported when the first request is made.
"""

import re
import zlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any, final

from interlock.actions import Context
from interlock.errors import ActionFailed, NotApplied, Permanent
from interlock.library.texts import excerpt

if TYPE_CHECKING:
    import ssl

    import httpx2

CONNECT_S_MAX = 10.0
URL_CHARS_MAX = 8_000
WHOLE = "write the whole address: `https://host/path`"
AGENT = "interlock"
LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1|\[::1\]")


class RequestNotSent(NotApplied):
    """No byte of the request left: there was no connection."""


class RequestRefused(NotApplied, Permanent):
    """The request is one that is never sent."""


class ExchangeFailed(ActionFailed):
    """The request was sent, and no whole answer came back."""


class AnswerTooLarge(Permanent):
    """The answer has more bytes than asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request. `cut` keeps the beginning of an answer that is too large, in place of failing.

    `cure` says what to do about one that does fail.

    Its headers may hold secrets, so that they are not shown.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    bytes_max: int
    cut: bool = False
    cure: str = "raise `bytes_max`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer: `headers` in lower case, in their order; `data` without its content encoding."""

    status: int
    reason: str
    url: str
    headers: tuple[tuple[str, str], ...]
    data: bytes
    truncated: bool

    @property
    def line(self) -> str:
        """The status with its reason."""
        return f"{self.status} {self.reason}".rstrip()

    def header(self, name: str) -> str | None:
        """Return the first header of a name."""
        return next((value for key, value in self.headers if key == name), None)


async def exchange(request: Outgoing, ctx: Context) -> Answer:
    """Send a request, and read its answer. Redirects are answers.

    Raises:
        RequestNotSent: nothing was sent.
        ExchangeFailed: something was sent.
        AnswerTooLarge: more than `bytes_max` came back.
    """
    import httpx2

    left_s = (ctx.deadline_ms - ctx.now()) / 1000
    if left_s <= 0:
        raise RequestNotSent("the deadline has passed", hint="raise `timeout` of the node")
    # Half of the time: a host that drops packets is then known not to have got anything.
    timeout = httpx2.Timeout(None, connect=min(CONNECT_S_MAX, left_s / 2))
    sent = Sent()
    try:
        async with httpx2.AsyncClient(verify=_tls(), timeout=timeout) as client:
            outgoing = client.build_request(
                request.method,
                request.url,
                headers={"user-agent": AGENT, "accept-encoding": "gzip", **request.headers},
                content=request.body,
                extensions={"trace": sent.trace},
            )
            answer = await client.send(outgoing, stream=True)
            try:
                return await _read(answer, request)
            finally:
                await answer.aclose()
    except (httpx2.HTTPError, httpx2.InvalidURL, zlib.error) as error:
        where = f"{request.method} {excerpt(request.url, limit=200)}"
        told = f"{where}: {excerpt(str(error)) or type(error).__name__}"
        if sent.anything:
            raise ExchangeFailed(told) from error
        hint = "nothing was sent: see that the address is right and somebody listens there"
        raise RequestNotSent(told, hint=hint) from error


@final
class Sent:
    """Notes when the first byte of a request is about to leave."""

    def __init__(self) -> None:
        self.anything = False

    async def trace(self, name: str, _: Mapping[str, Any]) -> None:
        """Take a note of the transport's."""
        if name.endswith("send_request_headers.started"):
            self.anything = True


@cache
def _tls() -> "ssl.SSLContext":
    """The trusted certificates are loaded once a process, which takes 100 ms."""
    import httpx2

    return httpx2.create_ssl_context()


async def _read(answer: "httpx2.Response", request: Outgoing) -> Answer:
    parts: list[bytes] = []
    left = request.bytes_max
    truncated = False
    async with aclosing(_plain(answer, request)) as body:
        async for part in body:
            parts.append(part[:left])
            truncated = len(part) > left
            left = max(0, left - len(part))
            if truncated:
                break
    if truncated and not request.cut:
        raise AnswerTooLarge(
            f"the answer of {excerpt(request.url, limit=200)} has more than"
            f" {request.bytes_max:,} bytes",
            hint=request.cure,
        )
    return Answer(
        status=answer.status_code,
        reason=excerpt(answer.reason_phrase, limit=100),
        url=str(answer.url),
        headers=tuple((name.lower(), value) for name, value in answer.headers.multi_items()),
        data=b"".join(parts),
        truncated=truncated,
    )


async def _plain(answer: "httpx2.Response", request: Outgoing) -> AsyncGenerator[bytes, None]:
    """Give the body without its content encoding; at most a little more than is wanted.

    A small answer can unpack to gigabytes, so it is unpacked here, bounded, and not by the client.
    """
    coding = answer.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        async for part in answer.aiter_raw():
            yield part
        return
    if coding not in ("gzip", "x-gzip"):
        shown = excerpt(coding, limit=40)
        raise ExchangeFailed(f"the answer is encoded as `{shown}`, which was not asked for")
    unpacker = zlib.decompressobj(wbits=31)
    empty = True
    async for part in answer.aiter_raw():
        empty = False
        # What does not fit is left behind: the reader stops then.
        yield unpacker.decompress(part, request.bytes_max + 1)
    if not unpacker.eof and not empty:
        raise ExchangeFailed("the answer ends in the middle of its gzip encoding")


def check_url(url: str, *, hosts: Sequence[str], secret: bool) -> None:
    """Refuse an address that is never asked.

    Args:
        url: the address.
        hosts: patterns of the hosts that may be asked.
        secret: whether a secret goes with the request.

    Raises:
        RequestRefused: with what is wrong.
    """
    import httpx2

    shown = excerpt(url, limit=200)
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise RequestRefused(f"`{shown}` is no address: {error}", hint=WHOLE) from error
    if len(url) > URL_CHARS_MAX:
        told = f"`{shown}` is longer than {URL_CHARS_MAX:,} characters"
        raise RequestRefused(told, hint="send what is long as a body, with `http.request`")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        told = f"`{shown}` does not begin with `http://` or `https://` and a host"
        raise RequestRefused(told, hint=WHOLE)
    if parsed.userinfo:
        raise RequestRefused(
            f"the address on `{parsed.host}` holds a password",
            hint="use a secret: `secret_headers: {authorization: NAME}`",
        )
    if not any(fnmatchcase(parsed.host.lower(), pattern.lower()) for pattern in hosts):
        raise RequestRefused(
            f"`{parsed.host}` is none of the hosts that may be asked",
            hint=f"there are: {', '.join(hosts) or 'none'}; the registry is made with `hosts`",
        )
    if secret and parsed.scheme == "http" and not LOOPBACK.fullmatch(parsed.host):
        told = f"a secret is not sent to `{parsed.host}` without https"
        raise RequestRefused(told, hint="write `https://`, or leave the secret out")


def same_origin(one: str, other: str) -> bool:
    """Say whether two addresses are of one scheme, host and port."""
    import httpx2

    return httpx2.URL(one).origin == httpx2.URL(other).origin
