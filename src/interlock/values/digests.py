"""Digests: SHA-256 over canonical bytes, with a tag for every kind of thing that is digested.

H(tag, x) is the SHA-256 of the canonical bytes of `[tag, 1, x]`. Two kinds with equal content have
different digests, so one can never be passed off as the other.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import TypeAlias

import orjson

from interlock.errors import ensure
from interlock.values.canonical import canonical
from interlock.values.names import Digest, Json, ValueRef

Texts: TypeAlias = Sequence["str | Texts | None"]

VERSION = 1
VALUE_TAG = "value"


def digest(tag: str, value: Json) -> Digest:
    """Digest JSON data: H(tag, value).

    Args:
        tag: the kind of thing, such as `call-key`: ASCII letters and digits, and any of `-_.:/`.
        value: JSON data.

    Raises:
        ValueRefused: the value is not JSON data.
    """
    return digest_canonical(tag, canonical(value))


def digest_canonical(tag: str, data: bytes) -> Digest:
    """Digest JSON data whose canonical bytes are at hand.

    Equals `digest(tag, decode(data))`. The bytes are trusted to be canonical.
    """
    return Digest("sha256:" + sha256(opening_of(tag) + data + b"]").hexdigest())


def digest_texts(tag: str, texts: Texts) -> Digest:
    """Digest lists of text: H(tag, texts), without a look at what each of them is.

    Args:
        tag: as for `digest`.
        texts: paths, statuses, digests, and what else comes out of values or documents, so that
            every text in it is one that `canonical` takes.
    """
    return digest_canonical(tag, orjson.dumps(texts))


def value_ref(data: bytes) -> ValueRef:
    """Refer to a value by its canonical bytes."""
    # `digest_canonical("value", data)`, without its steps: this is done for each value of a run.
    return ValueRef("sha256:" + sha256(VALUE_OPENING + data + b"]").hexdigest())


@lru_cache(maxsize=256)
def opening_of(tag: str) -> bytes:
    """Make the canonical bytes that stand before the value."""
    plain = tag.translate(PUNCTUATION)
    ensure(plain.isascii() and plain.isalnum(), "a digest's tag is not plain text", tag=tag)
    return f'["{tag}",{VERSION},'.encode()


PUNCTUATION = str.maketrans("", "", "-_.:/")
VALUE_OPENING = opening_of(VALUE_TAG)
