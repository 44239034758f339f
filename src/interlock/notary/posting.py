"""One POST and its answer, bounded in size, for those who speak for a log."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, final
from urllib.parse import urlsplit

from interlock.errors import UsageError

if TYPE_CHECKING:
    import ssl

ANSWER_BYTES_MAX = 256 * 1024
URL_CHARS_MAX = 2_000
SCHEMES = ("https", "http")
AGENT = "interlock"


class NotAnswered(Exception):
    """There is no answer; says why, without the address."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """An answer: its status, its type in lower case and without parameters, and its bytes."""

    status: int
    type: str
    body: bytes


async def post(url: str, body: bytes, *, content_type: str) -> Posted:
    """Send a POST; how long it may take is up to the caller.

    Redirects are not followed: what is sent is for this address.

    Raises:
        NotAnswered: nothing came back, or too much.
    """
    import httpx2

    headers = {"content-type": content_type, "user-agent": AGENT, "accept-encoding": "identity"}
    try:
        async with (
            httpx2.AsyncClient(verify=_tls(), timeout=None) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            found = bytearray()
            async for part in answer.aiter_raw():
                found += part
                if len(found) > ANSWER_BYTES_MAX:
                    raise NotAnswered(f"its answer has more than {ANSWER_BYTES_MAX:,} bytes")
            kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Posted(status=answer.status_code, type=kind, body=bytes(found))
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        # Its words may have the address in them, and an address may have a secret in it.
        raise NotAnswered(f"it cannot be reached ({type(error).__name__})") from error


@cache
def _tls() -> "ssl.SSLContext":
    """The trusted certificates are loaded once a process, which takes 100 ms."""
    import httpx2

    return httpx2.create_ssl_context()


def require_url(url: str, *, what: str) -> None:
    """Refuse an address that cannot be asked.

    Raises:
        UsageError: it does not begin with `http://` or `https://` and a host, or is too long.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in SCHEMES and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or len(url) > URL_CHARS_MAX or not url.isprintable():
        raise UsageError(
            f"{what} is {url[:100]!r}, which is no address on the web",
            hint='it begins with "https://" and a host',
        )
