"""Real HTTP on the loopback interface: limits hold, and what was not sent is known not to be."""

import gzip
import socket
import zlib
from typing import Any

import pytest

from e2e.library.running import lone, run
from e2e.library.servers import Reply, as_json, in_turn, serving
from interlock.actions import Registry, Safety
from interlock.journal import AttemptFailed, NodeInDoubt
from interlock.library import http_request, library


def get(url: str, **more: Any) -> dict[str, Any]:
    return lone("http.get", {"url": url, **more})


def post(url: str, **more: Any) -> dict[str, Any]:
    return lone("http.request", {"method": "POST", "url": url, **more})


def unused_port() -> int:
    """Find a port where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


async def test_json_is_got():
    headers = (
        ("Content-Type", "application/json"),
        ("Set-Cookie", "session=1"),
        ("Date", "now"),
        ("X-One", "1"),
        ("X-One", "2"),
    )
    with serving(in_turn(Reply(body=b'{"a": [1, 2.5]}', headers=headers))) as server:
        result = await run(get(f"{server.url}/x?b=1", query={"a": "x y"}, headers={"X-Own": "o"}))
    assert result.output == {
        "status": 200,
        "url": f"{server.url}/x?b=1&a=x+y",
        "headers": {"content-type": "application/json", "x-one": "1, 2"},
        "encoding": "json",
        "body": {"a": [1, 2.5]},
    }
    (request,) = server.received
    assert (request.method, request.path) == ("GET", "/x?b=1&a=x+y")
    assert request.headers["x-own"] == "o"
    assert request.headers["accept-encoding"] == "gzip"


async def test_a_request_carries_the_key_of_the_node_and_the_bytes_of_the_value():
    with serving(in_turn(as_json({"id": 7}, 201))) as server:
        result = await run(post(server.url, json={"b": 1, "a": [1.0]}))
    assert result.output["body"] == {"id": 7}
    assert result.output["truncated"] is False
    (request,) = server.received
    assert request.body == b'{"a":[1],"b":1}'
    assert request.headers["content-type"] == "application/json"
    assert len(request.headers["idempotency-key"]) == 64


async def test_a_receiver_that_deduplicates_gets_the_same_key_and_bytes_again():
    """A trusted registry says that it does; then an attempt without an answer is sent again."""
    charge = http_request.derive(
        "pay.charge",
        safety=Safety(key="Context.idempotency_key", window="24h"),
        method="POST",
    )
    replies = in_turn(Reply(status=503), Reply(raw=b""), as_json({"ok": True}))
    with serving(replies) as server:
        document = lone(
            "pay.charge",
            {"url": server.url, "json": {"cents": 5}},
            retry={"attempts": 3, "delay": "1ms"},
        )
        result = await run(document, registry=Registry([charge]))
    assert result.output["body"] == {"ok": True}
    sent = {(each.headers["idempotency-key"], each.body) for each in server.received}
    assert (len(server.received), len(sent)) == (3, 1)


async def test_a_refused_connection_is_known_not_to_have_sent_anything():
    url = f"http://127.0.0.1:{unused_port()}/"
    document = lone(
        "http.request",
        {"method": "POST", "url": url},
        retry={"attempts": 3, "delay": "1ms"},
    )
    result = await run(document)
    assert result.failure.startswith("IL6009 RequestNotSent: POST http://127.0.0.1")
    assert len(result.events(AttemptFailed)) == 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(raw=b""),
        Reply(raw=b"HTTP/1.1 2"),
        Reply(raw=b"not HTTP at all\r\n\r\n"),
        Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"),
        Reply(raw=b"HTTP/1.1 200 OK\r\na: " + b"x" * 200_000),
        Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"),
        Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 1\r\n\r\nx"),
        Reply(
            raw=b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\nnot gzip!"
        ),
        Reply(status=500, body=b"broken"),
        Reply(status=404, body=b"where?"),
        Reply(status=302, headers=(("location", "/elsewhere"),)),
    ],
)
async def test_a_request_without_a_good_answer_is_in_doubt(reply: Reply):
    with serving(in_turn(reply)) as server:
        result = await run(post(server.url, text="x"))
        assert result.status == "in_doubt"
        assert len(server.received) == 1
        result = await run(get(server.url, redirects_max=0))
    assert result.failure.startswith("IL6001")


async def test_no_answer_in_time_leaves_a_request_in_doubt_and_fails_a_get():
    with serving(in_turn(Reply(hang=True))) as server:
        result = await run({**post(server.url), "defaults": {"timeout": "100ms"}})
        assert result.events(NodeInDoubt)[0].error.code == "IL6002"
        result = await run({**get(server.url), "defaults": {"timeout": "100ms"}})
        assert result.failure.startswith("IL6002")


async def test_a_passing_trouble_is_tried_again_and_a_lasting_one_is_not():
    for status, requests in ((503, 3), (429, 3), (404, 1), (401, 1)):
        with serving(in_turn(Reply(status=status, body=b"because"))) as server:
            node = get(server.url)
            node["nodes"]["it"]["retry"] = {"attempts": 3, "delay": "1ms"}
            result = await run(node)
        assert len(server.received) == requests
        assert f"answered {status} " in result.failure


async def test_an_attempt_that_would_have_to_wait_too_long_is_not_made():
    """A server that asks for an hour is not asked again within the deadline of ten seconds."""
    busy = Reply(status=429, headers=(("Retry-After", "3600"),))
    for call in ("http.get", "http.request"):
        write = {"method": "POST"} if call == "http.request" else {}
        with serving(in_turn(busy)) as server:
            node = lone(call, {"url": server.url, **write}, deadline="10s")
            result = await run({**node, "defaults": {"retry": {"attempts": 3, "delay": "1ms"}}})
        assert len(server.received) == 1
        (failed,) = result.events(AttemptFailed)
        assert failed.error.retry_after_ms == 3_600_000
        assert "it asks for a wait of 3600 s" in failed.error.message


@pytest.mark.parametrize(
    "status, headers, hint",
    [
        (404, (), "where 404 is a result, give `expect: [2xx, 404]`"),
        (401, (), "`secret_headers: {authorization: NAME}` sends a secret"),
        (302, (("location", "/x"),), "it leads to `/x`; `http.get` follows as many as"),
    ],
)
async def test_what_to_do_about_a_status_is_said(
    status: int, headers: tuple[tuple[str, str], ...], hint: str
):
    with serving(in_turn(Reply(status=status, headers=headers))) as server:
        assert (await run(get(server.url, redirects_max=0))).hint.startswith(hint)
        doubted = await run(post(server.url))
    assert doubted.events(NodeInDoubt)[0].error.hint.startswith(hint)


async def test_a_status_that_is_expected_is_a_result():
    with serving(in_turn(Reply(status=404, body=b"no"))) as server:
        result = await run(get(server.url, expect=["2xx", 404]))
    assert result.output["status"] == 404


# --- limits


async def test_an_answer_over_the_limit_is_refused_or_cut():
    with serving(in_turn(Reply(body=b"x" * 101))) as server:
        refused = await run(get(server.url, bytes_max=100))
        assert "more than 100 bytes" in refused.failure
        assert refused.hint == "raise `bytes_max`, which may be 8,388,608"
        result = await run(post(server.url, bytes_max=100))
    assert (result.output["body"], result.output["truncated"]) == ("x" * 100, True)


async def test_a_small_answer_that_unpacks_to_a_large_one_is_not_unpacked():
    bomb = gzip.compress(b"\0" * 50_000_000)
    headers = (("content-encoding", "gzip"),)
    with serving(in_turn(Reply(body=bomb, headers=headers))) as server:
        assert "more than 1,000 bytes" in (await run(get(server.url, bytes_max=1_000))).failure


@pytest.mark.parametrize("text", ["", "hello " * 1000])
async def test_an_answer_is_unpacked(text: str):
    headers = (("Content-Encoding", "GZIP"), ("content-type", "text/plain"))
    with serving(in_turn(Reply(body=gzip.compress(text.encode()), headers=headers))) as server:
        result = await run(get(server.url))
        assert result.output["body"] == text
    half = gzip.compress(text.encode())[:-9]
    with serving(in_turn(Reply(body=half, headers=headers))) as server:
        assert "in the middle of its gzip" in (await run(get(server.url))).failure
    with serving(in_turn(Reply(body=zlib.compress(b"x"), headers=headers))) as server:
        assert "IL6001" in (await run(get(server.url))).failure


# --- redirects, hosts, secrets


async def test_redirects_are_followed_so_far():
    def answer(request: Any) -> Reply:
        number = int(request.path[1:])
        headers = (("location", f"/{number + 1}"),)
        return Reply(status=302, headers=headers) if number < 3 else Reply()

    with serving(answer) as server:
        result = await run(get(f"{server.url}/0"))
        assert result.output["url"] == f"{server.url}/3"
        told = (await run(get(f"{server.url}/0", redirects_max=2))).failure
        assert "/2 answered 302" in told


async def test_credentials_stay_with_the_host_they_were_given_for():
    with serving(in_turn(Reply(body=b"there"))) as other:
        reply = Reply(status=307, headers=(("location", f"{other.url}/steal"),))
        with serving(in_turn(reply)) as server:
            document = get(
                server.url,
                headers={"Cookie": "a=b", "Accept": "text/plain", "X-Api-Key": "k"},
                secret_headers={"Authorization": "github"},
            )
            result = await run(document, secrets={"github": "s3cr3t-value"})
    assert result.output["body"] == "there"
    assert server.received[0].headers["authorization"] == "Bearer s3cr3t-value"
    assert server.received[0].headers["x-api-key"] == "k"
    kept = other.received[0].headers
    assert kept["accept"] == "text/plain"
    assert not {"authorization", "cookie", "x-api-key"} & kept.keys()


async def test_hosts_can_be_limited_and_a_redirect_does_not_lead_out():
    registry = library(hosts=["127.0.0.*"])
    told = (await run(get("http://localhost:1/"), registry=registry)).failure
    assert "`localhost` is none of the hosts that may be asked" in told
    with serving(in_turn(Reply(body=b"inner"))) as other:
        target = other.url.replace("127.0.0.1", "localhost")
        with serving(in_turn(Reply(status=301, headers=(("location", target),)))) as server:
            told = (await run(get(server.url), registry=registry)).failure
            assert "`localhost` is none of the hosts" in told
            assert not other.received


async def test_a_secret_is_masked_wherever_it_comes_back():
    def echo(request: Any) -> Reply:
        token = request.headers["x-token"]
        headers = (("x-echo", token), ("content-type", "application/json"))
        return Reply(body=f'{{"{token}": ["{token}"]}}'.encode(), headers=headers)

    with serving(echo) as server:
        document = get(server.url, secret_headers={"x-token": "mine"})
        result = await run(document, secrets={"mine": "s3cr3t-value"})
    assert result.output["body"] == {"***": ["***"]}
    assert result.output["headers"]["x-echo"] == "***"
    assert "s3cr3t-value" not in repr(result.journal)


@pytest.mark.parametrize(
    "given, told",
    [
        ({"url": "file:///etc/passwd"}, "does not begin with `http://`"),
        ({"url": "http://u:p@127.0.0.1/"}, "holds a password"),
        ({"url": "http://127.0.0.1/\r\nHost: evil"}, "is no address"),
        ({"headers": {"a": "b\r\nc: d"}}, "characters that no header has"),
        ({"headers": {"Host": "evil"}}, "set by the client alone"),
        ({"secret_headers": {"a": "missing"}}, "no secret `missing` is configured"),
        ({"secret_headers": {"a": "broken"}}, "characters that no header has"),
        ({"url": "http://example.org/", "secret_headers": {"a": "mine"}}, "without https"),
        ({"json": {}, "text": ""}, "one body"),
    ],
)
async def test_a_request_that_is_never_sent_did_not_happen(given: dict[str, Any], told: str):
    secrets = {"mine": "x", "broken": "a\nb"}
    with serving(in_turn(Reply())) as server:
        document = lone("http.request", {"method": "PUT", "url": server.url, **given})
        result = await run(document, secrets=secrets)
        assert not server.received
    assert result.failure.startswith("IL6009 RequestRefused")
    assert told in result.failure
