"""Typed access to the fields of a document, collecting every problem on the way."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field

from interlock.errors import Diagnostic
from interlock.graph.identifiers import did_you_mean, near
from interlock.graph.limits import DocumentLimits
from interlock.graph.scan import escape
from interlock.graph.showing import bare, kind_of, show
from interlock.values import Json, mutable

MAPPINGS = frozenset(
    ("defaults", "graphs", "inputs", "nodes", "outputs", "retry", "returns", "types", "with")
)


class TooManyProblems(Exception):
    """Enough problems were found; the rest of the document is not looked at."""


@mutable()
class Problems:
    """All problems of a document, and where stored expressions begin inside their scalars.

    `lost` are the places of values that are wrong, or that were probably written elsewhere.
    """

    limits: DocumentLimits
    nodes: int = 0
    found: list[Diagnostic] = field(default_factory=list)
    shifts: dict[str, int] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def add(self, diagnostic: Diagnostic | None) -> None:
        """Note a problem, if it is one."""
        if diagnostic is None:
            return
        warning = diagnostic.severity == "warning"
        # Warnings alone never stop the reading: no valid document is refused for them.
        if warning and len(self.found) >= self.limits.problems_max // 2:
            return
        self.found.append(diagnostic)
        if not warning:
            self.lost.add(diagnostic.pointer)
        if not warning and len(self.found) >= self.limits.problems_max:
            raise TooManyProblems

    def only_warnings(self, since: int) -> bool:
        """Say whether nothing is wrong in what was read since so many problems were found."""
        return all(each.severity == "warning" for each in self.found[since:])


class Section:
    """A mapping of the document: typed fields, each problem noted with its place.

    A field that is absent or wrong is read as None or its default: the document is refused at last.
    """

    def __init__(
        self, data: Mapping[str, Json], pointer: str, *, name: str, problems: Problems
    ) -> None:
        self.data = data
        self.pointer = pointer
        self.name = name
        self.problems = problems

    def __contains__(self, name: str) -> bool:
        return name in self.data

    def __iter__(self) -> Iterator[tuple[str, Json, str]]:
        """Give each key, its value and its pointer."""
        around = f"{self.pointer}/"
        return ((key, value, around + escape(key)) for key, value in self.data.items())

    def at(self, name: str) -> str:
        """Give the pointer of a field."""
        return f"{self.pointer}/{escape(name)}"

    def problem(self, code: str, message: str, *, hint: str, at: str | None = None) -> None:
        """Note a problem of a field, or of the whole mapping (marked at its key)."""
        whole = at is None
        pointer = self.pointer if at is None else at
        self.problems.add(
            Diagnostic(code=code, message=message, pointer=pointer, hint=hint, on_key=whole)
        )

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Note each field that is not known."""
        for key in self.data:
            if key not in known:
                self.unknown(key, known)

    def missing(self, name: str, message: str, *, hint: str) -> None:
        """Note that a field is missing, unless it stands there under a wrong name."""
        if self.at(name) not in self.problems.lost:
            self.problem("IL1103", message, hint=hint)
            self.problems.lost.add(self.at(name))

    def unknown(self, key: str, known: Collection[str], *, hint: str | None = None) -> None:
        """Note an unknown field. What was meant by it is not held against the rest."""
        meant = near(key, known)
        if meant is not None:
            self.problems.lost.add(self.at(meant))
        elif isinstance(self.data[key], dict):
            missing = (MAPPINGS & {*known}) - self.data.keys()
            self.problems.lost |= {self.at(name) for name in missing}
        self.problems.add(
            Diagnostic(
                code="IL1104",
                message=f"{self.name} has no field `{bare(key)}`",
                pointer=self.at(key),
                hint=hint or did_you_mean(key, known),
                on_key=True,
            )
        )

    def wrong(self, name: str, wanted: str, *, hint: str) -> None:
        """Note that a field is of the wrong type."""
        value = self.data[name]
        self.problem(
            "IL1105",
            f"`{name}` of {self.name} is {kind_of(value)}, but must be {wanted}",
            hint=hint if value is not None else f"give `{name}` a value, or remove it",
            at=self.at(name),
        )

    # --- fields by type

    def section(self, name: str, *, hint: str = "write fields below it") -> "Section | None":
        """Read a mapping."""
        value = self.data.get(name)
        if isinstance(value, dict):
            return Section(value, self.at(name), name=f"`{name}`", problems=self.problems)
        if name in self.data:
            self.wrong(name, "a mapping", hint=hint)
        return None

    def text(self, name: str) -> str | None:
        """Read a text that is not empty."""
        value = self.data.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if name in self.data:
            self.wrong(name, "a text", hint=f"write `{name}: '{_word(value)}'`")
        return None

    def flag(self, name: str) -> bool | None:
        """Read true or false."""
        value = self.data.get(name)
        if isinstance(value, bool):
            return value
        if name in self.data:
            self.wrong(name, "true or false", hint=f"write `{name}: true` or `{name}: false`")
        return None

    def whole(self, name: str, *, low: int, high: int) -> int | None:
        """Read a whole number in a range."""
        value = self.data.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            if low <= value <= high:
                return value
            self._out_of_range(name, low, high)
        elif name in self.data:
            self.wrong(name, "a whole number", hint=f"write a number from {low:,} to {high:,}")
        return None

    def number(self, name: str, *, low: float, high: float) -> float | None:
        """Read a number in a range."""
        value = self.data.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            if low <= value <= high:
                return float(value)
            self._out_of_range(name, low, high)
        elif name in self.data:
            self.wrong(name, "a number", hint=f"write a number from {low:,} to {high:,}")
        return None

    def _out_of_range(self, name: str, low: float, high: float) -> None:
        self.problem(
            "IL1112",
            f"`{name}` of {self.name} is {show(self.data[name])}, which is out of range",
            hint=f"write a number from {low:,} to {high:,}",
            at=self.at(name),
        )

    def texts(self, name: str, what: str) -> tuple[str, ...]:
        """Read a list of different texts; each keeps its place, wrong ones too."""
        value = self.data.get(name)
        if not isinstance(value, list):
            if name in self.data:
                self.wrong(name, f"a list of {what}", hint=f"write `{name}: [{_word(value)}]`")
            return ()
        found: list[str] = []
        for index, item in enumerate(value):
            place = f"{self.at(name)}/{index}"
            if not isinstance(item, str) or not item:
                self.problem(
                    "IL1105",
                    f"an entry of `{name}` of {self.name} is {kind_of(item)}, but it holds {what}",
                    hint="write a text, or remove the entry",
                    at=place,
                )
            elif item in found:
                self.problem(
                    "IL1114",
                    f"`{name}` of {self.name} lists `{bare(item)}` twice",
                    hint="remove one of them",
                    at=place,
                )
            found.append(item if isinstance(item, str) else "")
        return tuple(found)


def refuse_secrets(value: Json, pointer: str, *, problems: Problems) -> None:
    """Refuse `{secret: NAME}`: sent as it stands, it would be a mapping and no secret."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            refuse_secrets(item, f"{pointer}/{index}", problems=problems)
    if not isinstance(value, dict):
        return
    secret = value.get("secret")
    if len(value) == 1 and isinstance(secret, str):
        problems.add(
            Diagnostic(
                code="IL1110",
                message=f"this version of Interlock cannot resolve `{{secret: {bare(secret)}}}`",
                pointer=pointer,
                hint="give its name to an action that takes one, as `secret_headers` of `http.get`",
            )
        )
        return
    for key, item in value.items():
        refuse_secrets(item, f"{pointer}/{escape(key)}", problems=problems)


def _word(value: Json) -> str:
    if isinstance(value, str) and value:
        return bare(value)
    return "..." if value is None or isinstance(value, str | dict | list) else show(value)
