"""The JSON form is documented, field by field."""

import re
from pathlib import Path

from hypothesis import given, settings

from interlock.reports import PARTS, Period, Reporter, Unreadable, report_json
from interlock.values import Json, RunId
from unit.reports.made import MAKING, MANY, MadeRun

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "report.md"
SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
ROW = re.compile(r"^\| (`.+?`) \|", re.MULTILINE)


def documented() -> dict[str, set[str]]:
    """The names in the first column of the tables, by section."""
    pieces = SECTION.split(PAGE.read_text(encoding="utf-8"))
    return {
        title: {name for row in ROW.findall(text) for name in re.findall(r"`(.+?)`", row)}
        for title, text in zip(pieces[1::2], pieces[2::2], strict=True)
    }


@given(MANY)
@settings(max_examples=30)
def test_every_field_is_documented_where_it_is(runs: list[MadeRun]):
    reporter = Reporter(Period(since_ms=0, until_ms=1_000), graphs=["g"])
    for run in runs:
        reporter.add(run.run, run.graph, run.events)
    reporter.add_unreadable(Unreadable(run=RunId("r"), graph="g", code="c", message="m"))
    data = report_json(reporter.report(), MAKING)
    told = documented()
    assert fields(data) == told["The report"]
    match data:
        case {"runs": list(rows), "parts": dict(parts), "totals": totals, "persons": list(persons)}:
            pass
        case _:
            raise AssertionError(data)
    assert fields(totals) == told["Figures"]
    assert fields(parts) == set(PARTS) == told["Parts"]
    lines = [line for part in parts.values() for line in lines_of(part)]
    assert all(fields(row) == told["Runs"] for row in rows)
    assert all(fields(row) == told["Persons"] for row in persons)
    assert all(fields(line) == told["Lines"] for line in lines)
    assert all(fields(of(line, "actor")) == told["Actors"] for line in lines)
    assert all(fields(of(line, "proof")) == told["Proofs"] for line in lines)
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for line in lines for name in fields(of(line, "facts")))


def fields(value: Json) -> set[str]:
    assert isinstance(value, dict)
    return set(value)


def of(value: Json, name: str) -> Json:
    assert isinstance(value, dict)
    return value[name]


def lines_of(part: Json) -> list[Json]:
    lines = of(part, "lines")
    assert isinstance(lines, list)
    return lines
