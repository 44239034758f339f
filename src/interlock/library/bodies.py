"""Bodies of HTTP messages as values, and values as bodies."""

import base64
import re
from typing import Literal, TypeAlias

from interlock.library.exchange import Answer
from interlock.library.texts import read_json
from interlock.values import Json, canonical

BodyEncoding: TypeAlias = Literal["json", "text", "base64"]

JSON_TYPE = re.compile(r"application/(json|[\w.+-]+\+json)|text/json")
CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.ASCII)
# Codecs of Python that turn text of the web into strings; others do stranger things.
TEXT_CODECS = re.compile(
    r"(us-)?ascii|utf-?8|utf-?16(-?[lb]e)?|iso-?8859-\d{1,2}|latin-?1|windows-125\d|koi8-[ru]|"
    r"shift[_-]jis|euc-(jp|kr)|gb(k|2312|18030)|big5"
)
TEXT_DEFAULT = "utf-8"

# Cookies and challenges are secrets. Dates would make answers differ that are equal.
DROPPED = frozenset(
    {
        *("set-cookie", "set-cookie2", "authorization", "proxy-authorization", "cookie"),
        *("proxy-authenticate", "authentication-info", "proxy-authentication-info"),
        *("date", "age", "connection", "keep-alive", "transfer-encoding", "content-encoding"),
        *("content-length", "trailer", "upgrade"),
    }
)


def body_value(answer: Answer) -> tuple[BodyEncoding, Json]:
    """Read a body as what its type says: JSON, else text, else bytes in base64."""
    kind = answer.header("content-type") or ""
    text = _text(answer.data, kind)
    if text is None:
        return "base64", base64.b64encode(answer.data).decode("ascii")
    if JSON_TYPE.match(kind.strip().lower()) and not answer.truncated:
        try:
            return "json", read_json(text)
        except ValueError:
            return "text", text
    return "text", text


def _text(data: bytes, kind: str) -> str | None:
    named = CHARSET.search(kind.lower())
    codec = named[1] if named is not None else TEXT_DEFAULT
    if not TEXT_CODECS.fullmatch(codec):
        return None
    try:
        return data.decode(codec)
    except (LookupError, UnicodeError):
        return None


def shown_headers(answer: Answer) -> dict[str, Json]:
    """Give the headers that may be kept; those of one name are joined with commas."""
    found: dict[str, str] = {}
    for name, value in answer.headers:
        if name not in DROPPED:
            found[name] = f"{found[name]}, {value}" if name in found else value
    return dict(found)


def text_of(value: Json) -> str:
    """Write a parameter of a query."""
    return value if isinstance(value, str) else canonical(value).decode()
