"""What the prose says of the code is held against the code."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, cast, get_args

import pytest

from interlock.actions import Manifest
from interlock.errors import DocumentInvalid
from interlock.graph import DocumentLimits, document_schema, load
from interlock.journal import Entry, ErrorInfo, Event, RunOutcome, SettledStatus
from interlock.plan import Limits
from tidy.pages import Page, pages
from tidy.repository import ROOT, refuse
from tidy.rules import Problem

SOURCE = ROOT / "src" / "interlock"
NAMED_FILE = re.compile(r"`([\w./-]+\.(?:py|toml|yaml))`")
ROW = re.compile(r"^\|\s*`(?P<name>[^`]+)`\s*\|(?P<rest>.*)\|\s*$", re.MULTILINE)
HEADING = re.compile(r"^#{2,4} `(?P<name>[^`]+)`\s*$", re.MULTILINE)


def page(path: str) -> Page:
    return next(each for each in pages() if each.source.path == path)


def section(path: str, heading: str) -> str:
    """The text below a heading, up to the next one of the same or a higher level."""
    text = page(path).source.text
    found = re.search(rf"^(#+) {re.escape(heading)}\s*$", text, re.MULTILINE)
    assert found, f"{path} has no heading `{heading}`"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def rows(text: str) -> dict[str, str]:
    return {match["name"]: match["rest"] for match in ROW.finditer(text)}


# --- files that are named


def test_files_that_are_named_exist():
    told = [
        each
        for each in pages()
        if each.source.path == "ARCHITECTURE.md" or "docs/internals/" in each.source.path
    ]
    homes = (SOURCE, ROOT / "tests", ROOT)
    refuse(
        [
            each.source.problem("file", f"`{name}` is no file: it was moved or renamed")
            for each in told
            for name in NAMED_FILE.findall(each.source.text)
            if not any((home / name).exists() for home in homes)
        ]
    )


NAMED_PARTS = re.compile(r"`(?P<file>[\w/]+\.py)`\s+\((?P<names>`[^)]*`)\)")


def test_names_that_are_given_with_a_file_are_in_it():
    source = page("ARCHITECTURE.md").source
    found = [
        (match["file"], name)
        for match in NAMED_PARTS.finditer(source.text)
        for name in re.findall(r"`(?:\w+\.)?(\w+)`", match["names"])
    ]
    assert len(found) > 20
    refuse(
        [
            source.problem("name", f"`{name}` is not in `{file}` any more")
            for file, name in found
            if not re.search(rf"\b(def|class) {name}\b", (SOURCE / file).read_text("utf-8"))
        ]
    )


def test_documents_on_pages_are_documents():
    problems: list[Problem] = []
    for each in pages():
        for block in each.blocks:
            if block.language == "yaml" and block.text.startswith("interlock: 1"):
                try:
                    load(block.text, file=each.source.path)
                except DocumentInvalid as error:
                    problems.append(each.source.problem("document", str(error), at=block.line))
    refuse(problems)


# --- the document


def test_every_field_of_the_document_is_explained():
    schema = cast("dict[str, Any]", document_schema())
    parts = schema["$defs"]
    wanted = {
        "Document": schema["properties"],
        "`retry`": parts["retry"]["properties"],
        "Fields of every node": parts["call"]["properties"].keys() - {"call"},
    }
    common = parts["call"]["properties"].keys()
    kinds = [str(each["$ref"]).rpartition("/")[2] for each in parts["node"]["oneOf"]]
    for kind in kinds:
        wanted[f"`{kind}`"] = (parts[kind]["properties"].keys() - common) | {kind}
    for kind in ("gate", "wait"):
        wanted[f"Inside of `{kind}`"] = parts[kind]["properties"][kind]["properties"]
    for heading, names in wanted.items():
        told = rows(section("docs/reference/document.md", heading))
        assert told.keys() == set(names), f"under `{heading}`"


# --- events


EVENTS: list[Any] = [*get_args(Event), ErrorInfo]


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_is_explained(kind: Any):
    told = rows(section("docs/reference/events.md", f"`{kind.__name__}`"))
    assert told.keys() == {field.name for field in fields(kind)}


def test_every_event_has_a_heading_and_every_heading_an_event():
    names = set(HEADING.findall(page("docs/reference/events.md").source.text))
    assert names == {kind.__name__ for kind in EVENTS}


def test_the_envelope_is_explained():
    told = rows(section("docs/reference/events.md", "The envelope"))
    assert {field.name for field in fields(Entry)} - {"event"} <= told.keys()


def test_the_manifest_is_explained():
    told = rows(section("docs/reference/events.md", "Manifests"))
    assert told.keys() == {field.name for field in fields(Manifest)}


# --- limits


@pytest.mark.parametrize(
    "heading, limits",
    [("Limits of a run", Limits()), ("Limits of a document", DocumentLimits())],
)
def test_every_limit_is_listed_with_its_value(heading: str, limits: Any):
    told = rows(section("docs/reference/limits.md", heading))
    assert told.keys() == {field.name for field in fields(limits)}
    for name, rest in told.items():
        first = rest.split("|")[0].strip()
        assert first.replace(",", "") == str(getattr(limits, name)), name


CONSTANT = re.compile(r"^(?:    )?(?P<name>\w+)(?:: [\w.]+)? = (?P<value>[^#\n]+)", re.MULTILINE)


def test_other_limits_have_the_values_of_their_constants():
    told = rows(section("docs/reference/limits.md", "Other limits"))
    assert told
    for name, rest in told.items():
        place, _, constant = name.partition(":")
        text = Path(SOURCE / place).read_text(encoding="utf-8")
        values = {match["name"]: match["value"] for match in CONSTANT.finditer(text)}
        assert constant in values, f"`{name}` is gone"
        value = eval(values[constant], {"__builtins__": {}})
        assert rest.split("|")[0].strip().replace(",", "") == str(value), name


# --- statuses


def test_every_status_is_told():
    settled, ended = set(get_args(SettledStatus)), set(get_args(RunOutcome))
    for kind, statuses in (("NodeSettled", settled), ("RunSettled", ended)):
        told = rows(section("docs/reference/events.md", f"`{kind}`"))["status"]
        assert set(re.findall(r"`(\w+)`", told)) == statuses, kind
    assert rows(section("docs/concepts/index.md", "How nodes settle")).keys() == settled


# --- the architecture


def test_the_architecture_fits_on_one_page():
    lines = len(page("ARCHITECTURE.md").source.text.splitlines())
    assert lines <= 700, "merge headings that say one decision, or move mechanics to docs/internals"
