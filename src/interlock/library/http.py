"""`http.get` and `http.request`: HTTP with limits, and with certainty about what was not sent."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from interlock.actions import Action, Context, declare
from interlock.errors import Permanent, RetryLater, UsageError
from interlock.library.bodies import body_value, shown_headers, text_of
from interlock.library.exchange import (
    WHOLE,
    Answer,
    Outgoing,
    RequestRefused,
    check_url,
    exchange,
    same_origin,
)
from interlock.library.later import asked_wait_ms, wait_told
from interlock.library.texts import excerpt
from interlock.values import Json, Schema, encode

BYTES_MAX = 1 << 20
GET_BYTES_LIMIT = 8 << 20
REQUEST_BYTES_LIMIT = 2 << 20
REDIRECTS_MAX = 5
REDIRECTS_LIMIT = 20
REDIRECTS = (301, 302, 303, 307, 308)
# Another try may get another answer.
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
SUCCESS: tuple[str, ...] = ("2xx",)
METHODS = ("POST", "PUT", "PATCH", "DELETE", "GET", "HEAD", "OPTIONS")
STAY = "with `redirects_max: 0` and `expect: [3xx]`, the redirect itself is the result"
IDEMPOTENCY_KEY = "idempotency-key"
VERSION = "1"

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]{0,8000}")
# Set by the client alone: they decide where a message goes and where it ends.
CLIENTS_OWN = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "upgrade", "te"),
        *("trailer", "expect", "keep-alive", "proxy-authorization", "proxy-connection"),
        "accept-encoding",
    }
)


class UnexpectedStatus(RetryLater):
    """The status of the answer is none that was expected; another try may help."""


class StatusRefused(UnexpectedStatus, Permanent):
    """The status of the answer is none that was expected; another try would get it again."""


def http(hosts: Sequence[str]) -> tuple[Action[..., object], ...]:
    """Make the actions for hosts that match one of the patterns."""
    return (make_get(hosts), make_request(hosts))


# --- http.get


def make_get(hosts: Sequence[str]) -> Action[..., object]:
    """Make `http.get`."""

    async def get(
        *,
        url: str,
        ctx: Context,
        query: Mapping[str, Json] | None = None,
        headers: Mapping[str, str] | None = None,
        secret_headers: Mapping[str, str] | None = None,
        expect: Sequence[Json] = SUCCESS,
        bytes_max: int = BYTES_MAX,
        redirects_max: int = REDIRECTS_MAX,
    ) -> Json:
        """Get what is at an address."""
        request = Outgoing(
            method="GET",
            url=with_query(url, query or {}),
            headers=checked_headers(headers or {}),
            bytes_max=bytes_max,
            cure=f"raise `bytes_max`, which may be {GET_BYTES_LIMIT:,}",
        )
        secrets = resolved(secret_headers or {}, ctx)
        way = Way(hosts=hosts, secrets=secrets, redirects_max=redirects_max)
        return value_of(expected(await way.follow(request, ctx), expect, now_ms=ctx.now()))

    return declare(
        "http.get",
        get,
        effect="read",
        version=VERSION,
        arguments=_arguments(
            {
                "redirects_max": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": REDIRECTS_LIMIT,
                    "default": REDIRECTS_MAX,
                    "description": "a redirect may lead to another host; 0: none is followed",
                }
            },
            required=["url"],
            bytes_limit=GET_BYTES_LIMIT,
        ),
        returns=_returns({}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How redirects are followed: within the hosts, and with credentials for the first one only."""

    hosts: Sequence[str]
    secrets: Mapping[str, str]
    redirects_max: int

    async def follow(self, first: Outgoing, ctx: Context) -> Answer:
        """Send a request, and go where its answers lead."""
        request, left = first, self.redirects_max
        while True:
            trusted = request is first or same_origin(first.url, request.url)
            check_url(request.url, hosts=self.hosts, secret=trusted and bool(self.secrets))
            own = {**first.headers, **self.secrets}
            headers = own if trusted else without_credentials(first.headers)
            answer = await exchange(replace(request, headers=headers), ctx)
            target = answer.header("location") if answer.status in REDIRECTS else None
            if target is None or not left:
                return answer
            request, left = replace(request, url=joined(request.url, target)), left - 1


# --- http.request


def make_request(hosts: Sequence[str]) -> Action[..., object]:
    """Make `http.request`."""

    async def request(
        *,
        method: str,
        url: str,
        ctx: Context,
        query: Mapping[str, Json] | None = None,
        headers: Mapping[str, str] | None = None,
        secret_headers: Mapping[str, str] | None = None,
        json: Json = None,
        text: str | None = None,
        expect: Sequence[Json] = SUCCESS,
        bytes_max: int = BYTES_MAX,
    ) -> Json:
        """Send a request that changes something. Redirects are not followed."""
        url = with_query(url, query or {})
        kind, body = body_of(json, text)
        sent = {
            **kind,
            IDEMPOTENCY_KEY: ctx.idempotency_key.rpartition(":")[2],
            **checked_headers(headers or {}),
            **resolved(secret_headers or {}, ctx),
        }
        check_url(url, hosts=hosts, secret=bool(secret_headers))
        answer = await exchange(
            Outgoing(
                method=method, url=url, headers=sent, body=body, bytes_max=bytes_max, cut=True
            ),
            ctx,
        )
        good = expected(answer, expect, now_ms=ctx.now())
        return {**value_of(good), "truncated": good.truncated}

    own: dict[str, Json] = {
        "method": {"enum": [*METHODS]},
        "json": {"default": None, "description": "a value that is sent as JSON; null: none"},
        "text": {
            "type": ["string", "null"],
            "default": None,
            "description": "a text that is sent as it is; null: none",
        },
    }
    return declare(
        "http.request",
        request,
        effect="write",
        version=VERSION,
        arguments=_arguments(own, required=["method", "url"], bytes_limit=REQUEST_BYTES_LIMIT),
        returns=_returns({"truncated": {"type": "boolean"}}),
    )


# --- what is sent


def with_query(url: str, query: Mapping[str, Json]) -> str:
    """Add parameters to an address, in the order of their names."""
    import httpx2

    if not query:
        return url
    pairs = {name: text_of(query[name]) for name in sorted(query)}
    try:
        return str(httpx2.URL(url).copy_merge_params(pairs))
    except httpx2.InvalidURL as error:
        told = f"`{excerpt(url, limit=200)}` is no address: {error}"
        raise RequestRefused(told, hint=WHOLE) from error


def joined(url: str, target: str) -> str:
    """Give the address that a redirect leads to.

    Raises:
        RequestRefused: it is none, or leads from https to http.
    """
    import httpx2

    shown = excerpt(target, limit=200)
    here = httpx2.URL(url)
    try:
        found = here.join(target).copy_with(fragment=None)
    except httpx2.InvalidURL as error:
        told = f"the redirect to `{shown}` leads nowhere: {error}"
        raise RequestRefused(told, hint=STAY) from error
    if here.scheme == "https" and found.scheme != "https":
        told = f"the redirect to `{shown}` gives https up; it is not followed"
        raise RequestRefused(told, hint=STAY)
    return str(found)


def body_of(json: Json, text: str | None) -> tuple[dict[str, str], bytes | None]:
    """Give the content type and the bytes of a body: equal values give equal bytes.

    Raises:
        RequestRefused: there are two bodies.
    """
    if json is not None and text is not None:
        raise RequestRefused("a request has one body", hint="give `json` or `text`, not both")
    if json is not None:
        return {"content-type": "application/json"}, encode(json)
    if text is not None:
        return {"content-type": "text/plain; charset=utf-8"}, text.encode("utf-8")
    return {}, None


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give headers in lower case.

    Raises:
        RequestRefused: a name or value is none, is given twice, or is not ours to set.
    """
    found: dict[str, str] = {}
    for name, value in headers.items():
        lower, shown = name.lower(), excerpt(name, limit=40)
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            told = f"the header `{shown}` has characters that no header has"
            raise RequestRefused(told, hint="a header is printable ASCII on one line")
        if lower in CLIENTS_OWN or lower in found:
            told = f"the header `{shown}` is given twice, or set by the client alone"
            raise RequestRefused(told, hint="leave it out")
        found[lower] = value
    return found


def resolved(names: Mapping[str, str], ctx: Context) -> dict[str, str]:
    """Resolve the secrets of headers. `authorization` is sent as a bearer token.

    Raises:
        RequestRefused: there is no such secret.
    """
    try:
        found = {name.lower(): ctx.secret(secret) for name, secret in names.items()}
    except UsageError as error:
        raise RequestRefused(error.message, hint=error.hint) from error
    token = found.get("authorization")
    if token is not None and " " not in token:
        found["authorization"] = f"Bearer {token}"
    return checked_headers(found)


def without_credentials(headers: Mapping[str, str]) -> dict[str, str]:
    """Leave out what may be a credential: the headers of our own that another host may see."""
    plain = ("accept", "accept-language", "user-agent")
    return {name: value for name, value in headers.items() if name in plain}


# --- what comes back


def expected(answer: Answer, expect: Sequence[Json], *, now_ms: int) -> Answer:
    """Give the answer back when its status is one that was asked for.

    Raises:
        UnexpectedStatus: it is not.
    """
    if any(status in (answer.status, f"{answer.status // 100}xx") for status in expect):
        return answer
    _, body = body_value(answer)
    said = excerpt(body if isinstance(body, str) else encode(body).decode(), limit=300)
    is_transient = answer.status in TRANSIENT
    after_ms = asked_wait_ms(answer, now_ms=now_ms) if is_transient else 0
    told = f"{excerpt(answer.url, limit=200)} answered {answer.line}{wait_told(after_ms)}"
    failed = UnexpectedStatus if is_transient else StatusRefused
    hint = "" if is_transient else _advice(answer)
    raise failed(f"{told}: {said}" if said else told, after_ms=after_ms, hint=hint)


def _advice(answer: Answer) -> str:
    """Say what to do about a status that was not expected."""
    target = answer.header("location")
    if answer.status in REDIRECTS and target is not None:
        shown = excerpt(target, limit=200)
        return f"it leads to `{shown}`; `http.get` follows as many as `redirects_max` says"
    if answer.status in (401, 403):
        return "`secret_headers: {authorization: NAME}` sends a secret"
    return f"where {answer.status} is a result, give `expect: [2xx, {answer.status}]`"


def value_of(answer: Answer) -> dict[str, Json]:
    """Write an answer as a value."""
    encoding, body = body_value(answer)
    return {
        "status": answer.status,
        "url": answer.url,
        "headers": shown_headers(answer),
        "encoding": encoding,
        "body": body,
    }


# --- schemas


def _arguments(
    own: dict[str, Json], *, required: Sequence[str], bytes_limit: int
) -> dict[str, Json]:
    texts: dict[str, Json] = {"type": "object", "additionalProperties": {"type": "string"}}
    plain: Json = {"type": ["string", "number", "boolean"]}
    status: Json = {
        "anyOf": [
            {"type": "integer", "minimum": 100, "maximum": 599},
            {"enum": ["1xx", "2xx", "3xx", "4xx", "5xx"]},
        ]
    }
    properties: dict[str, Json] = {
        "url": {"type": "string", "description": "http or https, without a password in it"},
        "query": {
            "type": "object",
            "additionalProperties": plain,
            "default": {},
            "description": "parameters that are added to the address",
        },
        "headers": {**texts, "default": {}, "description": "headers with their values"},
        "secret_headers": {
            **texts,
            "default": {},
            "description": "headers with the names of secrets; `authorization` becomes a bearer",
        },
        "expect": {
            "type": "array",
            "items": status,
            "default": [*SUCCESS],
            "description": "statuses that are results and not errors: 404, 2xx",
        },
        "bytes_max": {
            "type": "integer",
            "minimum": 0,
            "maximum": bytes_limit,
            "default": BYTES_MAX,
            "description": "limit of the answer",
        },
        **own,
    }
    return {
        "type": "object",
        "properties": properties,
        "required": [*required],
        "additionalProperties": False,
    }


def _returns(own: dict[str, Json]) -> Schema:
    properties: dict[str, Json] = {
        "status": {"type": "integer"},
        "url": {"type": "string"},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "encoding": {"enum": ["json", "text", "base64"]},
        "body": True,
        **own,
    }
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


http_get = make_get(("*",))
http_request = make_request(("*",))
