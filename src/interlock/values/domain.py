"""The domain of values: what may enter a run, and what a node then sees."""

import orjson

from interlock.errors import ValueRefused
from interlock.values.canonical import QUICK, Rules, fitted, write
from interlock.values.names import Json

DEPTH_MAX = 100
BYTES_MAX = 16 << 20

DOMAIN = Rules(depth_max=DEPTH_MAX, bytes_max=BYTES_MAX, exact_floats=True)


def encode(value: object, *, bytes_max: int = BYTES_MAX) -> bytes:
    """Write the canonical bytes of a value that enters a run.

    `decode(encode(value))` is what nodes see, live as in replay. It equals `value`, but an integral
    float comes back as an integer; `numbers` restores it where a schema says so.

    Args:
        value: JSON data. Subclasses of `str`, `int`, `dict` ... and tuples are refused.
        bytes_max: the limit on the encoded size.

    Raises:
        ValueRefused: not JSON data, NaN, an infinity, an integer beyond int64, an integral float
            beyond 2**53, a lone surrogate, a key that is not a string, a value nested deeper than
            `DEPTH_MAX` or over `bytes_max`. The message names the place and the value.
    """
    if bytes_max == BYTES_MAX:
        return write(value, DOMAIN)
    return write(value, Rules(depth_max=DEPTH_MAX, bytes_max=bytes_max, exact_floats=True))


def encode_plain(value: object) -> bytes:
    """Write what `encode` writes, without a look at the types of all members.

    Args:
        value: text, an integer, a boolean, null, or nested objects of them, less deep than
            `DEPTH_MAX`, with ASCII keys; whoever calls has checked that.

    Raises:
        ValueRefused: as `encode` does.
    """
    try:
        data = orjson.dumps(value, option=QUICK)
    except TypeError:
        return encode(value)
    return fitted(data) if len(data) <= BYTES_MAX else encode(value)


def decode(data: bytes) -> Json:
    """Read what `encode` wrote.

    Raises:
        ValueRefused: the bytes are not JSON.
    """
    try:
        decoded: Json = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ValueRefused(
            f"bytes are not JSON: {error}",
            hint="the bytes did not come from `encode`, or were changed since",
        ) from error
    return decoded
