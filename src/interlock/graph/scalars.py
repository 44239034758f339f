"""Plain scalars as the JSON schema of YAML 1.2 reads them; whatever it does not know is text.

`NO`, `4:30`, `0x1F`, `014`, `~`, `.5` and `True` are text here: PyYAML's own resolver makes
something else of most of them.
"""

import math
import re

from interlock.values import immutable

INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)
EXACT_FLOAT_MAX = 2.0**53

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"": None, "null": None, "true": True, "false": False}
_STARTS = frozenset("-0123456789")

Scalar = str | int | float | bool | None


@immutable(kw_only=False)
class OutOfRange:
    """A number that the value domain refuses, with the reason and the way out."""

    reason: str
    hint: str


def plain_scalar(text: str) -> Scalar | OutOfRange:
    """Give the value of a plain (unquoted) scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _STARTS:
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return _float(text)
    return text


def _integer(text: str) -> int | OutOfRange:
    # 19 digits hold every int64; the length is tested first because `int` refuses very long texts.
    if len(text) <= 20:
        value = int(text)
        if INT64_MIN <= value <= INT64_MAX:
            return value
    return OutOfRange("does not fit into 64 bits", "write it in quotes, as text")


def _float(text: str) -> float | OutOfRange:
    value = float(text)
    if math.isinf(value):
        return OutOfRange("is larger than any double", "write it in quotes, as text")
    if abs(value) > EXACT_FLOAT_MAX and value.is_integer():
        return OutOfRange(
            "is beyond 2^53, where doubles skip whole numbers",
            "write it as a whole number without exponent, or in quotes as text",
        )
    return value
