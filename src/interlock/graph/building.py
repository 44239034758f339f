"""Building the tree of a document from the events of a YAML parser, with all places."""

from dataclasses import field

from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from interlock.errors import Diagnostic, Span
from interlock.graph.json_text import half_problem, number_problem
from interlock.graph.limits import DocumentLimits, over
from interlock.graph.scalars import OutOfRange, Scalar, plain_scalar
from interlock.graph.scan import Scan, Stop, escape
from interlock.graph.showing import bare
from interlock.values import Json, immutable, mutable

_STANDARD = "tag:yaml.org,2002:"
_SCALAR_TAGS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
}


@immutable(kw_only=False)
class _Anchor:
    """A finished value that aliases may stand for, with its size and height."""

    value: Json
    size: int
    height: int


@mutable(kw_only=True)
class _Frame:
    """An open collection. `key` is the key whose value comes next."""

    found: dict[str, Json] | list[Json]
    pointer: str
    start: int
    bracket: int
    anchor: str | None
    counted: int
    height: int = 0
    key: str | None = None
    flow: bool = False


@mutable()
class Builder:
    """Builds the tree from events, without recursion, and counts as it goes."""

    scan: Scan
    limits: DocumentLimits
    frames: list[_Frame] = field(default_factory=list)
    anchors: dict[str, _Anchor | None] = field(default_factory=dict)
    counted: int = 0
    aliases: int = 0
    documents: int = 0
    root: list[Json] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, ScalarEvent):
            self._scalar(event)
        elif isinstance(event, CollectionStartEvent):
            self._open(event)
        elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            self._close(event)
        elif isinstance(event, AliasEvent):
            self._alias(event)
        elif isinstance(event, DocumentStartEvent):
            self._document(event)

    def result(self) -> Json:
        """Give the tree, after the last event."""
        if not self.root or (self.root[0] is None and not self.scan.text.strip("- \t\r\n.")):
            raise self.scan.fail(
                "IL1003",
                "the document is empty",
                hint="begin it with `interlock: 1`",
                at=(0, 1),
            )
        return self.root[0]

    def opened(self) -> int | None:
        """Give the offset of the innermost bracket or brace that is open."""
        return next((frame.bracket for frame in reversed(self.frames) if frame.flow), None)

    def _document(self, event: DocumentStartEvent) -> None:
        self.documents += 1
        if self.documents > 1:
            at = event.start_mark.index
            raise self.scan.fail(
                "IL1010",
                "a second document begins here",
                hint="put each document into a file of its own",
                at=(at, at + 3),
            )

    # --- values

    def _wants_key(self) -> bool:
        return (
            bool(self.frames)
            and isinstance(self.frames[-1].found, dict)
            and self.frames[-1].key is None
        )

    def _pointer(self) -> str:
        if not self.frames:
            return ""
        frame = self.frames[-1]
        if isinstance(frame.found, list):
            return f"{frame.pointer}/{len(frame.found)}"
        return f"{frame.pointer}/{escape(frame.key or '')}"

    def _scalar(self, event: ScalarEvent) -> None:
        self._count(1, event)
        start, end = event.start_mark.index, event.end_mark.index
        if self._wants_key():
            if event.anchor is not None:
                self.anchors[event.anchor] = _Anchor(event.value, 1, 0)
            self._key(event, self.scan.span(start, end))
            return
        pointer = self._pointer()
        self.scan.values[pointer] = self._scalar_span(event)
        value = self._scalar_value(event, pointer)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchor(value, 1, 0)
        self._add(value, height=0)

    def _scalar_span(self, event: ScalarEvent) -> Span:
        start, end = event.start_mark.index, event.end_mark.index
        raw = self.scan.text[start:end]
        text_at = None
        if raw == event.value:
            text_at = start
        elif event.style and raw[1:-1] == event.value and raw[:1] == event.style:
            text_at = start + 1
        return self.scan.span(start, end, text_at=text_at)

    def _scalar_value(self, event: ScalarEvent, pointer: str) -> Scalar:
        text: str = event.value
        plain = event.implicit[0] and event.tag is None
        value = plain_scalar(text) if plain or self._tagged(event, pointer) else text
        if isinstance(value, OutOfRange):
            self.scan.problems.append(number_problem(text, value, pointer))
            return 0
        if event.style == '"' and not _encodable(text):
            self.scan.problems.append(half_problem(pointer))
        return value

    def _tagged(self, event: ScalarEvent, pointer: str) -> bool:
        """Check the tag of a scalar; say whether the text is to be read as a plain one."""
        tag: str | None = event.tag
        if tag is None or tag == "!" or tag == _STANDARD + "str":
            return False
        types = _SCALAR_TAGS.get(tag.removeprefix(_STANDARD))
        value = plain_scalar(event.value)
        if types is None:
            self._refuse_tag(tag, pointer)
        elif not isinstance(value, OutOfRange) and type(value) not in types:
            self._refuse_tag(tag, pointer, why=f"does not fit `{bare(event.value)}`")
        else:
            return True
        return False

    def _refuse_tag(self, tag: str, pointer: str, *, why: str = "cannot be read here") -> None:
        self.scan.problems.append(
            Diagnostic(
                code="IL1008",
                message=f"the tag `{bare(tag.replace(_STANDARD, '!!'))}` {why}",
                pointer=pointer,
                hint="remove the tag; values are JSON data",
            )
        )

    def _key(self, event: ScalarEvent, span: Span) -> None:
        frame = self.frames[-1]
        name: str = event.value
        inner = f"{frame.pointer}/{escape(name)}"
        self.scan.key(inner, span)
        frame.key = name
        plain = event.implicit[0]
        if plain and name == "<<":
            hint = "write the fields out, or use a local graph"
            self._refuse_key("IL1012", "`<<` does not merge", pointer=inner, hint=hint)
        elif plain and not isinstance(plain_scalar(name), str):
            message = f"the key `{name}` is not a string"
            self._refuse_key("IL1007", message, pointer=inner, hint=f"put it in quotes: '{name}'")
        elif event.tag not in {None, "!", _STANDARD + "str"}:
            message = f"the key `{bare(name)}` has a tag"
            self._refuse_key("IL1008", message, pointer=inner, hint="remove the tag")

    def _refuse_key(self, code: str, message: str, *, pointer: str, hint: str) -> None:
        self.scan.problems.append(
            Diagnostic(code=code, message=message, pointer=pointer, on_key=True, hint=hint)
        )

    # --- collections

    def _open(self, event: CollectionStartEvent) -> None:
        self._count(1, event)
        if self._wants_key():
            raise self._no_key(event, "a mapping or list")
        mapping = isinstance(event, MappingStartEvent)
        pointer = self._pointer()
        if event.tag not in {None, "!", _STANDARD + ("map" if mapping else "seq")}:
            self._refuse_tag(f"{event.tag}", pointer)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        frame = _Frame(
            found={} if mapping else [],
            pointer=pointer,
            start=event.start_mark.index,
            bracket=event.end_mark.index - 1,
            anchor=event.anchor,
            counted=self.counted,
            flow=bool(event.flow_style),
        )
        self.frames.append(frame)
        if len(self.frames) > self.limits.depth_max:
            raise self._too_deep(event)

    def _close(self, event: MappingEndEvent | SequenceEndEvent) -> None:
        frame = self.frames.pop()
        end = event.end_mark.index if frame.flow else len(self.scan.text)
        self.scan.values[frame.pointer] = self.scan.span(frame.start, end)
        if frame.anchor is not None:
            size = self.counted - frame.counted + 1
            self.anchors[frame.anchor] = _Anchor(frame.found, size, frame.height + 1)
        self._add(frame.found, height=frame.height + 1)

    def _alias(self, event: AliasEvent) -> None:
        name: str = event.anchor
        shown = bare(name)
        at = (event.start_mark.index, event.end_mark.index)
        if self._wants_key():
            raise self._no_key(event, f"the alias `*{shown}`")
        anchor = self.anchors.get(name)
        if anchor is None:
            inside = name in self.anchors
            raise self.scan.fail(
                "IL1009",
                f"`*{shown}` stands inside of `&{shown}`"
                if inside
                else f"`*{shown}` has no anchor `&{shown}` before it",
                hint="an alias stands after its anchor and outside of it",
                at=at,
            )
        self.aliases += 1
        if self.aliases > self.limits.aliases_max:
            raise self._over(
                "IL5004", "the document has too many aliases", name="aliases_max", event=event
            )
        self._count(anchor.size, event)
        if len(self.frames) + anchor.height > self.limits.depth_max:
            raise self._too_deep(event)
        self.scan.values[self._pointer()] = self.scan.span(*at)
        self._add(_copy(anchor.value), height=anchor.height)

    def _add(self, value: Json, *, height: int) -> None:
        if not self.frames:
            self.root.append(value)
            return
        frame = self.frames[-1]
        frame.height = max(frame.height, height)
        if isinstance(frame.found, list):
            frame.found.append(value)
        elif frame.key is not None:
            frame.found[frame.key] = value
            frame.key = None

    # --- limits

    def _count(self, size: int, event: NodeEvent) -> None:
        self.counted += size
        if self.counted > self.limits.values_max:
            raise self._over(
                "IL5003", "the document has too many values", name="values_max", event=event
            )

    def _too_deep(self, event: NodeEvent) -> Stop:
        return self._over("IL5002", "values are nested too deep", name="depth_max", event=event)

    def _over(self, code: str, what: str, *, name: str, event: NodeEvent) -> Stop:
        limit: int = getattr(self.limits, name)
        self.scan.values[""] = self.scan.span(event.start_mark.index, event.end_mark.index)
        self.scan.problems.append(over(code, what, limit=(name, limit)))
        return Stop()

    def _no_key(self, event: NodeEvent, what: str) -> Stop:
        return self.scan.fail(
            "IL1007",
            f"{what} cannot be a key",
            hint="write the key as text; quote it if it has brackets or braces",
            at=(event.start_mark.index, event.end_mark.index),
        )


def _copy(value: Json) -> Json:
    """Copy a value: what stands at two places must not change at both."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
