"""Objects put together from members: what is known of the members is not looked at again."""

from collections.abc import Callable, Iterable, Mapping
from typing import final

import orjson

from interlock.errors import ValueRefused
from interlock.values.canonical import QUICK, QUICK_KINDS, canonical, fitted, utf16_order
from interlock.values.domain import BYTES_MAX, DEPTH_MAX, decode, encode
from interlock.values.names import Json


@final
class ObjectForm:
    """An object with certain keys, as the arguments of a call are.

    Most of its members are plain, or whole values of which the canonical bytes are at hand; then
    its own are put together from theirs, a third of the time that `encode` takes.
    """

    __slots__ = ("_members",)

    def __init__(self, keys: Iterable[str]) -> None:
        self._members = tuple((key, canonical(key) + b":") for key in sorted(keys, key=utf16_order))

    def compose(
        self, members: Mapping[str, Json], known: Callable[[Json], bytes | None]
    ) -> tuple[bytes, Json]:
        """Encode an object with these members, and give what `decode` makes of that.

        Args:
            members: JSON data by key, for each key of the form.
            known: the canonical bytes of a list or an object that came out of `decode`, if they are
                at hand. It becomes part of the result as it is.

        Raises:
            ValueRefused: as `encode` does.
        """
        parts: list[bytes] = []
        decoded: dict[str, Json] = {}
        for key, opening in self._members:
            value = members[key]
            try:
                if type(value) in QUICK_KINDS:
                    data = orjson.dumps(value, option=QUICK)
                elif (found := known(value)) is not None:
                    data = found
                else:
                    data = encode(value)
                    value = decode(data)
            except (TypeError, ValueRefused):
                return _whole(members)  # It knows the place of what is refused.
            decoded[key] = value
            parts.append(opening + data)
        data = fitted(b"{" + b",".join(parts) + b"}")
        return (data, decoded) if _is_within_limits(data) else _whole(members)


def _whole(members: Mapping[str, Json]) -> tuple[bytes, Json]:
    data = encode(dict(members))
    return data, decode(data)


def _is_within_limits(data: bytes) -> bool:
    """Whether an object cannot be too deep, nor too large; one that seems to be is looked at."""
    if len(data) <= 2 * DEPTH_MAX:
        return True
    return data.count(b"{") + data.count(b"[") <= DEPTH_MAX and len(data) <= BYTES_MAX
