"""What is worked out once in a compile.

Thousands of nodes ask the same of the same few schemas. Results are kept by the identity of the
schemas, which are kept alive for it, so that an identity never comes to mean another schema.
"""

from typing import final

from interlock.plan.fitting import Fit, fit
from interlock.plan.model import Decoder
from interlock.values import Checker, Schema, Selection, Steps, numbers, select


@final
class Memory:
    """The results of one compile."""

    def __init__(self) -> None:
        self._kept: list[Schema] = []
        self._selections: dict[tuple[int, Steps], Selection] = {}
        self._fits: dict[tuple[int, int, bool], Fit] = {}
        self._checkers: dict[int, Checker | None] = {}
        self._decoders: dict[int, Decoder | None] = {}
        self._followed: dict[tuple[int, Steps], Schema] = {}

    def select(self, schema: Schema, path: Steps) -> Selection:
        """Follow a path through a schema."""
        key = (id(schema), path)
        found = self._selections.get(key)
        if found is None:
            self._kept.append(schema)
            found = self._selections[key] = select(schema, path)
        return found

    def fit(self, wanted: Schema, produced: Schema, *, computed: bool) -> Fit:
        """Say whether what is produced fits where it goes."""
        key = (id(wanted), id(produced), computed)
        found = self._fits.get(key)
        if found is None:
            self._kept += (wanted, produced)
            found = self._fits[key] = fit(wanted, produced, computed=computed)
        return found

    def checker(self, schema: Schema) -> Checker | None:
        """Make what checks values against a schema; None when there is nothing to check."""
        key = id(schema)
        if key not in self._checkers:
            self._kept.append(schema)
            self._checkers[key] = None if schema in (True, {}) else Checker(schema)
        return self._checkers[key]

    def decoder(self, schema: Schema) -> Decoder | None:
        """Make what turns integers to numbers where a schema says so."""
        key = id(schema)
        if key not in self._decoders:
            self._kept.append(schema)
            self._decoders[key] = numbers(schema)
        return self._decoders[key]

    def followed(self, root: Schema, path: Steps) -> Schema | None:
        """Recall what a plain path was found to lead to, without anything wrong on the way."""
        return self._followed.get((id(root), path))

    def note_followed(self, root: Schema, path: Steps, found: Schema) -> None:
        """Remember where a plain path leads."""
        self._kept.append(root)
        self._followed[id(root), path] = found
