"""Bodies as values: JSON, text, or bytes in base64."""

import pytest

from interlock.library.bodies import body_value, shown_headers, text_of
from interlock.library.exchange import Answer, RequestRefused, check_url
from interlock.library.http import (
    StatusRefused,
    UnexpectedStatus,
    body_of,
    checked_headers,
    expected,
    joined,
    with_query,
)
from interlock.values import Json


def answer(
    data: bytes = b"", kind: str = "", *, status: int = 200, truncated: bool = False
) -> Answer:
    headers = (("content-type", kind),) if kind else ()
    return Answer(
        status=status,
        reason="",
        url="http://host/",
        headers=headers,
        data=data,
        truncated=truncated,
    )


@pytest.mark.parametrize(
    "data, kind, encoding, body",
    [
        (b'{"a": 1}', "application/json", "json", {"a": 1}),
        (b"[1.5]", "application/problem+json; charset=utf-8", "json", [1.5]),
        (b'{"a": NaN}', "application/json", "text", '{"a": NaN}'),
        (b'{"a": 99999999999999999999}', "application/json", "text", '{"a": 99999999999999999999}'),
        (b'{"a": 1}', "text/plain", "text", '{"a": 1}'),
        (b'{"a": 1}', "", "text", '{"a": 1}'),
        ("é".encode(), "text/html; charset=utf-8", "text", "é"),
        ("é".encode("latin-1"), 'text/html; charset="ISO-8859-1"', "text", "é"),
        (b"\xff\x00", "text/html", "base64", "/wA="),
        (b"\xff\xd8", "image/jpeg", "base64", "/9g="),
        (b"abc", "text/plain; charset=rot13", "base64", "YWJj"),
        (b"abc", "text/plain; charset=unicode_escape", "base64", "YWJj"),
        (b"\x00\xd8", "text/plain; charset=utf-16-le", "base64", "ANg="),
        (b"", "application/json", "text", ""),
    ],
)
def test_a_body_is_what_its_type_says(data: bytes, kind: str, encoding: str, body: Json):
    assert body_value(answer(data, kind)) == (encoding, body)


def test_half_of_a_json_text_is_text():
    assert body_value(answer(b"[1, 2", "application/json", truncated=True)) == ("text", "[1, 2")
    assert body_value(answer(b"12", "application/json", truncated=True)) == ("text", "12")


def test_cookies_and_dates_are_not_kept():
    found = Answer(
        status=200,
        reason="",
        url="http://host/",
        headers=(
            ("set-cookie", "session=1"),
            ("date", "now"),
            ("x-a", "1"),
            ("x-a", "2"),
            ("etag", '"3"'),
        ),
        data=b"",
        truncated=False,
    )
    assert shown_headers(found) == {"x-a": "1, 2", "etag": '"3"'}


@pytest.mark.parametrize(
    "status, expect, good",
    [
        (200, ["2xx"], True),
        (299, ["2xx"], True),
        (302, ["2xx"], False),
        (404, ["2xx", 404], True),
        (404, [200], False),
        (500, ["4xx", "5xx"], True),
    ],
)
def test_a_status_is_expected_or_not(status: int, expect: list[Json], *, good: bool):
    if good:
        assert expected(answer(status=status), expect, now_ms=0).status == status
    else:
        with pytest.raises(UnexpectedStatus, match=f"http://host/ answered {status}"):
            expected(answer(status=status), expect, now_ms=0)


def test_another_try_helps_only_against_passing_troubles():
    with pytest.raises(StatusRefused):
        expected(answer(status=404), ["2xx"], now_ms=0)
    with pytest.raises(UnexpectedStatus) as caught:
        expected(answer(b"slow \x1b down", status=429), ["2xx"], now_ms=0)
    assert not isinstance(caught.value, StatusRefused)
    assert str(caught.value) == "http://host/ answered 429: slow   down"


@pytest.mark.parametrize(
    "url, told",
    [
        ("ftp://a/b", "does not begin with `http://`"),
        ("file:///etc/passwd", "does not begin with"),
        ("a.b/c", "does not begin with"),
        ("http://", "does not begin with"),
        ("http://me:pass@a/", "holds a password"),
        ("http://me@a/", "holds a password"),
        ("https://evil.org/", "`evil.org` is none of the hosts"),
        ("https://good.org.evil.org/", "is none of the hosts"),
        ("https://GOOD.org:99/x", None),
        ("https://a.b.good.org/x", None),
        ("http://good.org/" + "x" * 9000, "longer than 8,000"),
        ("http://good.org/\n", "is no address"),
    ],
)
def test_addresses_that_are_asked(url: str, told: str | None):
    hosts = ("good.org", "*.good.org", "a")
    if told is None:
        assert check_url(url, hosts=hosts, secret=False) is None
    else:
        with pytest.raises(RequestRefused, match=told):
            check_url(url, hosts=hosts, secret=False)


def test_a_secret_needs_https_or_this_machine():
    for url in ("https://a.org/", "http://localhost:1/", "http://127.0.0.1/", "http://[::1]:8/"):
        assert check_url(url, hosts=("*",), secret=True) is None
    for url in ("http://a.org/", "http://localhost.evil.org/", "http://127.0.0.1.evil.org/"):
        with pytest.raises(RequestRefused, match="without https"):
            check_url(url, hosts=("*",), secret=True)


@pytest.mark.parametrize(
    "name, value",
    [
        ("a b", "x"),
        ("", "x"),
        ("a", "x\r\nb: c"),
        ("a", "é"),
        ("a\n", "x"),
        ("Host", "evil"),
        ("content-length", "3"),
        ("Transfer-Encoding", "chunked"),
    ],
)
def test_headers_that_are_refused(name: str, value: str):
    with pytest.raises(RequestRefused):
        checked_headers({name: value})


def test_headers_differ_in_more_than_case():
    assert checked_headers({"X-A": "1", "x-b": "2"}) == {"x-a": "1", "x-b": "2"}
    with pytest.raises(RequestRefused, match="given twice"):
        checked_headers({"X-A": "1", "x-a": "2"})


def test_equal_requests_are_equal_bytes():
    assert body_of({"b": 1, "a": [1.0]}, None) == body_of({"a": [1], "b": 1}, None)
    assert with_query("http://a/?z=1", {"b": True, "a": 1.5}) == "http://a/?z=1&a=1.5&b=true"
    assert text_of("x") == "x"


def test_a_request_has_one_body():
    with pytest.raises(RequestRefused, match="one body"):
        body_of({}, "x")


def test_redirects_do_not_give_https_up():
    assert joined("https://a/b/c?d", "../e#f") == "https://a/e"
    assert joined("http://a/", "https://b/") == "https://b/"
    assert joined("http://a/", "//b/c") == "http://b/c"
    for target in ("http://a/", "file:///etc/passwd", "javascript:alert(1)"):
        with pytest.raises(RequestRefused, match="gives https up"):
            joined("HTTPS://a/", target)
