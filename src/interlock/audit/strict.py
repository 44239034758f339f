"""JSON as evidence is read: what two readers could take for two things is refused.

Keys that stand twice, integers beyond 64 bits, numbers beyond doubles, halves of characters, and
anything after the end. Refusals name the place. The verifier in JavaScript reads by the same rules.
"""

import json
import math
import re

from interlock.errors import EvidenceRefused
from interlock.values import Json, dollar_path

DEPTH_MAX = 200
FILE_BYTES_MAX = 64 * 1024 * 1024
INT_DIGITS_MAX = 20
INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1

HALF = re.compile("[\ud800-\udfff]")
SPACE = re.compile(r"[ \t\n\r]*")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
WORDS: dict[str, tuple[str, Json]] = {
    "t": ("true", True),
    "f": ("false", False),
    "n": ("null", None),
}

Place = tuple[str | int, ...]


def read_strict(data: bytes) -> Json:
    """Read the JSON of a file that is to prove something.

    Raises:
        EvidenceRefused: it is not UTF-8, not JSON, ambiguous, too large or nested too deep.
    """
    if len(data) > FILE_BYTES_MAX:
        raise refused("IL8541", f"the file has {len(data)} bytes, at most {FILE_BYTES_MAX}")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise refused("IL8540", "the file is not UTF-8") from error
    return _Reader(text).whole()


def refused(code: str, message: str, place: Place = (), *, hint: str = "") -> EvidenceRefused:
    """Make the error for what does not hold at a place of a file."""
    return EvidenceRefused(message, code=code, place=dollar_path(place), hint=hint)


class _Reader:
    """Reads a text from left to right; `at` is where it stands, `place` what it reads."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.place: list[str | int] = []

    def whole(self) -> Json:
        value = self.value(0)
        if self.next() or self.at < len(self.text):
            raise self.refusal("there is something after the end")
        return value

    def refusal(self, message: str, code: str = "IL8540") -> EvidenceRefused:
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - self.text.rfind("\n", 0, self.at)
        return refused(code, f"{message} (line {line}, column {column})", tuple(self.place))

    def next(self) -> str:
        """Give the next letter that is no space; empty at the end."""
        found = SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.text[self.at : self.at + 1]

    def expect(self, letter: str) -> None:
        if self.next() != letter:
            raise self.refusal(f"expected `{letter}`")
        self.at += 1

    def value(self, depth: int) -> Json:
        start = self.next()
        if start in {"{", "["}:
            if depth >= DEPTH_MAX:
                raise self.refusal(f"nested deeper than {DEPTH_MAX}", "IL8541")
            return self.mapping(depth + 1) if start == "{" else self.row(depth + 1)
        if start == '"':
            return self.string()
        return self.word(*WORDS[start]) if start in WORDS else self.number()

    def mapping(self, depth: int) -> dict[str, Json]:
        found: dict[str, Json] = {}
        self.at += 1
        if self.next() == "}":
            self.at += 1
            return found
        while True:
            if self.next() != '"':
                raise self.refusal("expected a key")
            key = self.string()
            self.place.append(key)
            if key in found:
                raise self.refusal("the key stands twice")
            self.expect(":")
            found[key] = self.value(depth)
            self.place.pop()
            if self.next() != ",":
                self.expect("}")
                return found
            self.at += 1

    def row(self, depth: int) -> list[Json]:
        found: list[Json] = []
        self.at += 1
        if self.next() == "]":
            self.at += 1
            return found
        while True:
            self.place.append(len(found))
            found.append(self.value(depth))
            self.place.pop()
            if self.next() != ",":
                self.expect("]")
                return found
            self.at += 1

    def string(self) -> str:
        match = STRING.match(self.text, self.at)
        try:
            text = json.loads(match.group()) if match else None
        except ValueError:
            text = None
        if text is None:
            raise self.refusal("a broken string")
        if HALF.search(text):
            raise self.refusal("a string with half of a character")
        self.at = match.end() if match else self.at
        return text

    def word(self, text: str, value: Json) -> Json:
        if not self.text.startswith(text, self.at):
            raise self.refusal("not JSON")
        self.at += len(text)
        return value

    def number(self) -> int | float:
        match = NUMBER.match(self.text, self.at)
        if match is None:
            raise self.refusal("not JSON")
        token = match.group()
        if match.group(1) is None and match.group(2) is None:
            found = int(token) if len(token) <= INT_DIGITS_MAX else INT64_MAX + 1
            if not INT64_MIN <= found <= INT64_MAX:
                raise self.refusal("an integer that does not fit in 64 bits")
        else:
            found = float(token)
            if not math.isfinite(found):
                raise self.refusal("a number beyond doubles")
        self.at = match.end()
        return found
