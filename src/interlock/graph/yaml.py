"""Documents from text: YAML 1.2's JSON schema over PyYAML's events, or JSON; with all places.

PyYAML's loaders are not used: they resolve `NO` to false and `4:30` to 270, merge `<<`, and keep
the last of two equal keys. Events give the text and the place of each scalar, and an alias is one
event: what it costs to expand is counted here.
"""

from collections.abc import Iterator
from typing import cast

import yaml
from yaml.events import Event

from interlock.errors import SourceMap
from interlock.graph.building import Builder
from interlock.graph.decoding import decode_text, refuse_forbidden
from interlock.graph.json_text import NotJson, read_json
from interlock.graph.limits import DocumentLimits
from interlock.graph.scan import TEXT_FILE, Reading, Scan, Stop
from interlock.graph.syntax import stop_at
from interlock.values import Json


def read_text(
    data: bytes | str, *, file: str | None = None, limits: DocumentLimits | None = None
) -> tuple[Json, SourceMap]:
    """Read a document's text as JSON data, with the place of each value.

    Raises:
        DocumentInvalid: the text is not UTF-8, not YAML, ambiguous, or over a limit.
    """
    reading, scan = scan_text(data, file=file, limits=limits or DocumentLimits())
    if reading.problems:
        raise scan.invalid()
    return reading.tree, reading.source


def scan_text(
    data: bytes | str, *, file: str | None, limits: DocumentLimits
) -> tuple[Reading, Scan]:
    """Read a text; problems that leave a tree to look at are returned with it.

    Raises:
        DocumentInvalid: there is no tree to look at.
    """
    scan = decode_text(data, file=file, limits=limits)
    try:
        tree, scan = _read(scan, limits)
    except Stop:
        raise scan.invalid() from None
    return Reading(tree=tree, source=scan.source(), problems=scan.diagnostics()), scan


def _read(scan: Scan, limits: DocumentLimits) -> tuple[Json, Scan]:
    trial = read_json_text(scan.text, file=scan.file, limits=limits)
    if trial is not None:
        return trial
    refuse_forbidden(scan)
    builder = Builder(scan, limits)
    try:
        for event in events(scan.text):
            builder.take(event)
    except yaml.YAMLError as error:
        raise stop_at(scan, error, opened=builder.opened()) from None
    return builder.result(), scan


def read_json_text(
    text: str, *, file: str = TEXT_FILE, limits: DocumentLimits
) -> tuple[Json, Scan] | None:
    """Read a text as JSON if it is JSON.

    Raises:
        DocumentInvalid: it is, and over a limit.
    """
    if text.lstrip(" \t\r\n")[:1] not in {"{", "["}:
        return None
    scan = Scan(file=file, text=text)
    try:
        return read_json(scan, limits), scan
    except NotJson:
        return None
    except Stop:
        raise scan.invalid() from None


def events(text: str) -> Iterator[Event]:
    """Give the parser's events. The loaders are used as parsers only: they construct nothing."""
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    # The stub leaves the stream without a type.
    events = yaml.parse(text, Loader=loader)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return cast("Iterator[Event]", events)
