"""What is known of an action without its code: the part that a journal pins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, cast, get_args

from interlock.errors import JournalCorrupt
from interlock.values import Digest, Json, Schema, digest

Effect = Literal["pure", "read", "write"]
Guarantee = Literal[
    "repeatable", "exactly once", "one effect", "at most once, reversible", "at most once"
]

EFFECTS: tuple[Effect, ...] = get_args(Effect)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A typed, versioned action: schemas, effect and what makes a write safe.

    Attributes:
        arguments: JSON Schema of the arguments, always of type object.
        returns: JSON Schema of the output.
        key: the argument that carries the idempotency key, or `Context.idempotency_key`.
        window_ms: how long the receiver remembers the key.
        probe: whether the receiver can be asked if the write happened.
        undo: the action that takes the write back; its arguments are named as those of this one,
            and `result`.
        transactional: whether the write commits with the journal, in one database.
        fingerprint: digest of the code; None when there was no source.
        cost_usd_micros_max: declared bound on the cost of one attempt, in millionths of a dollar.
        metered: whether an attempt costs money, so that it never runs ahead of the journal; implied
            by a bound on the cost.
    """

    name: str
    version: str = "1"
    effect: Effect = "write"
    arguments: Schema = field(default_factory=lambda: {"type": "object"})
    returns: Schema = True
    key: str | None = None
    window_ms: int | None = None
    probe: bool = False
    undo: "Manifest | None" = None
    transactional: bool = False
    fingerprint: Digest | None = None
    cost_usd_micros_max: int | None = None
    timeout_ms_max: int | None = None
    metered: bool = False
    description: str = ""

    def __post_init__(self) -> None:
        """A declared cost makes it metered."""
        if self.cost_usd_micros_max:
            object.__setattr__(self, "metered", True)

    @cached_property
    def digest(self) -> Digest:
        """The action digest: name, version, effect, schemas, code fingerprint."""
        return digest("action", self.to_json())

    @property
    def runs_ahead(self) -> bool:
        """Whether an attempt may run before its intent is durable: losing it harms nobody."""
        return self.effect != "write" and not self.metered

    @property
    def guarantee(self) -> Guarantee:
        """What can be promised of the effect; see `docs/concepts/effects.md`."""
        if self.effect != "write":
            return "repeatable"
        if self.transactional:
            return "exactly once"
        if self.key is not None or self.probe:
            return "one effect"
        return "at most once" if self.undo is None else "at most once, reversible"

    def to_json(self) -> dict[str, Json]:
        """Return the manifest as JSON data, without what is absent."""
        data: dict[str, Json] = {
            "name": self.name,
            "version": self.version,
            "effect": self.effect,
            "arguments": self.arguments,
            "returns": self.returns,
            "key": self.key,
            "window_ms": self.window_ms,
            "probe": self.probe or None,
            "undo": None if self.undo is None else self.undo.to_json(),
            "transactional": self.transactional or None,
            "fingerprint": self.fingerprint,
            "cost_usd_micros_max": self.cost_usd_micros_max,
            "timeout_ms_max": self.timeout_ms_max,
            "metered": (self.metered and not self.cost_usd_micros_max) or None,
            "description": self.description or None,
        }
        return {name: value for name, value in data.items() if value is not None}

    @classmethod
    def from_json(cls, data: Json) -> "Manifest":
        """Read a manifest that `to_json` wrote.

        Raises:
            JournalCorrupt: the data is no manifest.
        """
        if not isinstance(data, dict) or data.get("effect") not in EFFECTS:
            raise JournalCorrupt(f"not a manifest: {data!r:.200}")
        fields = cast(dict[str, object], data)
        if "undo" in data:
            fields = {**fields, "undo": cls.from_json(data["undo"])}
        try:
            return cls(**fields)  # type: ignore[arg-type]
        except TypeError as error:
            raise JournalCorrupt(f"not a manifest: {error}") from error


Manifests = Mapping[str, Manifest]
