"""A value as events carry it: its reference, its canonical bytes and its decoded form."""

from dataclasses import field
from typing import final

from interlock.errors import JournalCorrupt
from interlock.values import (
    Json,
    Subjects,
    ValueRef,
    decode,
    encode,
    immutable,
    value_ref,
)


@final
class Value:
    """JSON data with its canonical bytes and its reference.

    Two values are equal when their references are. Not every value needs one: what is only called
    with, by a node that runs ahead, is in no event. So it is made when it is asked for.

    What belongs to data subjects is referred to, and stored, by means of their keys.
    """

    __slots__ = ("_ref", "data", "json", "subjects")

    def __init__(
        self,
        data: bytes,
        json: Json,
        *,
        ref: ValueRef | None = None,
        subjects: Subjects | None = None,
    ) -> None:
        self.data = data
        self.json = json
        self.subjects = subjects
        self._ref = ref

    @classmethod
    def of(cls, json: Json) -> "Value":
        """Encode JSON data; what is seen from then on is the decoded form.

        Raises:
            ValueRefused: the data is outside the domain.
        """
        return cls.from_bytes(encode(json))

    @classmethod
    def from_bytes(
        cls, data: bytes, *, ref: ValueRef | None = None, subjects: Subjects | None = None
    ) -> "Value":
        """Take canonical bytes that `encode` wrote, and their reference if it is known."""
        made = cls(data, decode(data))
        made._ref, made.subjects = ref, subjects
        return made

    def under(self, subjects: Subjects | None) -> "Value":
        """Give the same data as a value that belongs to these subjects and to no others."""
        return self if subjects is self.subjects else Value(self.data, self.json, subjects=subjects)

    @property
    def ref(self) -> ValueRef:
        """What stands for the value in events and digests."""
        if self._ref is None:
            subjects = self.subjects
            self._ref = value_ref(self.data) if subjects is None else subjects.ref(self.data)
        return self._ref

    @property
    def stored(self) -> bytes:
        """What is stored of it: of a value that belongs to data subjects, nothing in the clear."""
        return self.data if self.subjects is None else self.subjects.seal(self.ref, self.data)

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
    retry_after_ms: int = 0

    def to_json(self) -> dict[str, Json]:
        """Return the error as JSON data."""
        data: dict[str, Json] = {"code": self.code, "message": self.message}
        if self.hint:
            data["hint"] = self.hint
        if self.permanent:
            data["permanent"] = True
        if self.not_applied:
            data["not_applied"] = True
        if self.retry_after_ms:
            data["retry_after_ms"] = self.retry_after_ms
        return data

    @classmethod
    def from_json(cls, data: Json) -> "ErrorInfo":
        """Read what `to_json` wrote.

        Raises:
            JournalCorrupt: the data is no error.
        """
        match data:
            case {"code": str(code), "message": str(message)}:
                hint, later_ms = data.get("hint", ""), data.get("retry_after_ms", 0)
                return cls(
                    code=code,
                    message=message,
                    hint=hint if isinstance(hint, str) else "",
                    permanent=data.get("permanent") is True,
                    not_applied=data.get("not_applied") is True,
                    retry_after_ms=later_ms if type(later_ms) is int else 0,
                )
            case _:
                raise JournalCorrupt(f"not an error: {data!r:.200}")
