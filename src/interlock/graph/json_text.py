"""JSON text with places.

YAML 1.2 contains JSON, but the parsers that we have read YAML 1.1: surrogate pairs, long keys, tabs
and line separators inside strings go wrong. What is JSON is therefore read as JSON; what is not
goes on to the YAML reader.
"""

import json
import re
from typing import NoReturn

from interlock.errors import Diagnostic
from interlock.graph.limits import DocumentLimits, over
from interlock.graph.scalars import OutOfRange, plain_scalar
from interlock.graph.scan import Scan, Stop, escape
from interlock.graph.showing import bare
from interlock.values import Json

_SPACE = re.compile(r"[ \t\n\r]*")
_STEERING = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
_HALF = re.compile("[\ud800-\udfff]")


class NotJson(Exception):
    """The text is no JSON; nothing of the scan may be used."""


def read_json(scan: Scan, limits: DocumentLimits) -> Json:
    """Read the text of a scan as JSON.

    Raises:
        NotJson: it is not.
        Stop: a limit is passed.
    """
    reader = _Reader(scan, limits)
    tree = reader.value(reader.skip(0), "", 0)
    if reader.skip(reader.end) != len(scan.text):
        raise NotJson
    # Excerpts are cut from this text: these would break lines, or steer the terminal.
    scan.text = _STEERING.sub(" ", scan.text)
    return tree


def _refuse(_constant: str) -> NoReturn:
    raise NotJson


_DECODER = json.JSONDecoder(
    parse_int=plain_scalar, parse_float=plain_scalar, parse_constant=_refuse
)


class _Reader:
    def __init__(self, scan: Scan, limits: DocumentLimits) -> None:
        self.scan = scan
        self.text = scan.text
        self.limits = limits
        self.count = 0
        self.end = 0

    def skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int, pointer: str, depth: int) -> Json:
        """Read the value at an offset; `end` is then the offset after it."""
        start = self.text[at : at + 1]
        self._count(at, depth + 1 if start in {"{", "["} else depth)
        if start == "{":
            found: Json = self._mapping(at, pointer, depth)
        elif start == "[":
            found = self._list(at, pointer, depth)
        else:
            return self._scalar(at, pointer)
        self.scan.values[pointer] = self.scan.span(at, self.end)
        return found

    def _count(self, at: int, depth: int) -> None:
        self.count += 1
        if self.count > self.limits.values_max:
            limit = ("values_max", self.limits.values_max)
            self._stop(over("IL5003", "the document has too many values", limit=limit), at)
        if depth > self.limits.depth_max:
            limit = ("depth_max", self.limits.depth_max)
            self._stop(over("IL5002", "values are nested too deep", limit=limit), at)

    def _stop(self, diagnostic: Diagnostic, at: int) -> NoReturn:
        self.scan.values[""] = self.scan.span(at, at + 1)
        self.scan.problems.append(diagnostic)
        raise Stop

    def _mapping(self, at: int, pointer: str, depth: int) -> dict[str, Json]:
        found: dict[str, Json] = {}
        at = self.skip(at + 1)
        if self.text[at : at + 1] == "}":
            self.end = at + 1
            return found
        while True:
            key = self._decode(at)
            if not isinstance(key, str) or self.text[at : at + 1] != '"':
                raise NotJson
            inner = f"{pointer}/{escape(key)}"
            self.scan.key(inner, self.scan.span(at, self.end))
            at = self._expect(":")
            found[key] = self.value(at, inner, depth + 1)
            if not self._another("}"):
                return found
            at = self.skip(self.end)

    def _list(self, at: int, pointer: str, depth: int) -> list[Json]:
        found: list[Json] = []
        at = self.skip(at + 1)
        if self.text[at : at + 1] == "]":
            self.end = at + 1
            return found
        while True:
            found.append(self.value(at, f"{pointer}/{len(found)}", depth + 1))
            if not self._another("]"):
                return found
            at = self.skip(self.end)

    def _expect(self, sign: str) -> int:
        at = self.skip(self.end)
        if self.text[at : at + 1] != sign:
            raise NotJson
        return self.skip(at + 1)

    def _another(self, close: str) -> bool:
        """Step over `,` or the closing bracket; say whether another entry follows."""
        at = self.skip(self.end)
        sign = self.text[at : at + 1]
        if sign not in {",", close}:
            raise NotJson
        self.end = at + 1
        return sign == ","

    def _decode(self, at: int) -> Json | OutOfRange:
        try:
            found, self.end = _DECODER.raw_decode(self.text, at)
        except (ValueError, RecursionError):
            raise NotJson from None
        return found

    def _scalar(self, at: int, pointer: str) -> Json:
        found = self._decode(at)
        raw = self.text[at : self.end]
        plain = isinstance(found, str) and len(raw) == len(found) + 2
        span = self.scan.span(at, self.end, text_at=at + 1 if plain else None)
        self.scan.values[pointer] = span
        if isinstance(found, OutOfRange):
            self.scan.problems.append(number_problem(raw, found, pointer))
            return 0
        if isinstance(found, str) and not plain and _HALF.search(found):
            self.scan.problems.append(half_problem(pointer))
        return found


def number_problem(text: str, why: OutOfRange, pointer: str) -> Diagnostic:
    """Say that a number cannot be kept as written."""
    message = f"`{bare(text)}` {why.reason}"
    return Diagnostic(code="IL1011", message=message, pointer=pointer, hint=why.hint)


def half_problem(pointer: str) -> Diagnostic:
    """Say that a text holds a lone surrogate."""
    return Diagnostic(
        code="IL1015",
        message="the text holds a `\\u` escape of half a character",
        pointer=pointer,
        hint="write the character itself, or both halves",
    )
