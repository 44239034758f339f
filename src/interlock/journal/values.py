"""A value as events carry it: its reference, its canonical bytes and its decoded form."""

from dataclasses import field
from typing import final

from interlock.errors import JournalCorrupt
from interlock.values import Json, ValueRef, decode, encode, immutable, value_ref


@final
class Value:
    """JSON data with its canonical bytes and its reference.

    Two values are equal when their references are. Not every value needs one: what is only called
    with, by a node that runs ahead, is in no event. So it is made when it is asked for.
    """

    __slots__ = ("_ref", "data", "json")

    def __init__(self, data: bytes, json: Json, *, ref: ValueRef | None = None) -> None:
        self.data = data
        self.json = json
        self._ref = ref

    @classmethod
    def of(cls, json: Json) -> "Value":
        """Encode JSON data; what is seen from then on is the decoded form.

        Raises:
            ValueRefused: the data is outside the domain.
        """
        return cls.from_bytes(encode(json))

    @classmethod
    def from_bytes(cls, data: bytes, *, ref: ValueRef | None = None) -> "Value":
        """Take canonical bytes that `encode` wrote, and their reference if it is known."""
        return cls(data, decode(data), ref=ref)

    @property
    def ref(self) -> ValueRef:
        """What stands for the value in events and digests."""
        if self._ref is None:
            self._ref = value_ref(self.data)
        return self._ref

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and self.ref == other.ref

    def __hash__(self) -> int:
        return hash(self.ref)

    def __repr__(self) -> str:
        return f"Value(ref={self.ref!r}, data={self.data!r}, json={self.json!r})"


@immutable()
class ErrorInfo:
    """Why an attempt or a node did not succeed.

    `code` enters the execution digest and comparisons; `message` and `hint` are for people and do
    not, so that better words never make an old journal diverge.
    """

    code: str
    message: str = field(compare=False)
    hint: str = field(default="", compare=False)
    permanent: bool = False
    not_applied: bool = False

    def to_json(self) -> dict[str, Json]:
        """Return the error as JSON data."""
        data: dict[str, Json] = {"code": self.code, "message": self.message}
        if self.hint:
            data["hint"] = self.hint
        if self.permanent:
            data["permanent"] = True
        if self.not_applied:
            data["not_applied"] = True
        return data

    @classmethod
    def from_json(cls, data: Json) -> "ErrorInfo":
        """Read what `to_json` wrote.

        Raises:
            JournalCorrupt: the data is no error.
        """
        match data:
            case {"code": str(code), "message": str(message)}:
                hint = data.get("hint", "")
                return cls(
                    code=code,
                    message=message,
                    hint=hint if isinstance(hint, str) else "",
                    permanent=data.get("permanent") is True,
                    not_applied=data.get("not_applied") is True,
                )
            case _:
                raise JournalCorrupt(f"not an error: {data!r:.200}")
