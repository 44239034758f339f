"""Whatever stands in a journal, the file is well-formed and does nothing; its figures are right."""

import base64
import hashlib
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from interlock.journal import Actor, Entry, NodeCancelled
from interlock.reports import PARTS, Period, Report, Told, Unreadable, report_html, report_json
from interlock.reports.folding import Reporter
from interlock.values import Json, Path, RunId
from unit.reports.made import ALL_OF_IT, HOSTILE, MAKING, MANY, PERIODS, MadeRun, report_on

ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "dl", "dt", "dd"),
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "a", "bdi", "br", "span", "footer"),
    "div",
}
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "id", "class", "href", "scope"}
STEERING = {"\u202a", "\u202b", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"}


def parsed(report: Report) -> ElementTree.Element:
    text = "".join(report_html(report, MAKING))
    assert text.startswith("<!DOCTYPE html>\n")
    assert not STEERING & set(text)
    return ElementTree.fromstring(text)


def hostile_report(text: str) -> Report:
    cancelled = NodeCancelled(path=Path(text), generation=2, reason=text)
    told = [Told(entry=Entry(cancelled, at_ms=1, seq=1, actor=Actor(text)))]
    reporter = Reporter(ALL_OF_IT, graphs=[text])
    reporter.add(RunId(text), text, told)
    reporter.add_unreadable(Unreadable(run=RunId(text), graph=text, code=text, message=text))
    return reporter.report()


@pytest.mark.parametrize(
    "leaf, shown", [(3, "#1, leaf 3 of 4"), (4, "#1, leaf 4 after the checkpoint")]
)
def test_a_proof_says_whether_the_checkpoint_covers_it(leaf: int, shown: str):
    cancelled = NodeCancelled(path=Path("n"), generation=1)
    told = Told(entry=Entry(cancelled, at_ms=1, seq=1), leaf=leaf)
    report = report_on([MadeRun(run=RunId("R"), graph="g", events=[told])])
    assert [cell for cell in parsed(report).iter("td") if "".join(cell.itertext()) == f"R {shown}"]
    proof = report_json(report, MAKING)["parts"]
    assert f"'checkpoint': {4 if leaf < 4 else None}" in f"{proof}"


def check_inert(page: ElementTree.Element) -> None:
    for element in page.iter():
        assert element.tag in ELEMENTS
        assert set(element.attrib) <= ATTRIBUTES
        assert element.get("href", "#").startswith("#")
        if element.tag != "style":
            shown = f"{element.text or ''}{element.tail or ''}"
            assert shown.replace("\n", "").isprintable()


@given(runs=MANY, period=PERIODS)
@settings(max_examples=60)
def test_the_file_is_well_formed_and_inert_and_has_the_figures_of_the_data(
    runs: list[MadeRun], period: Period
):
    report = report_on(runs, period)
    page = parsed(report)
    check_inert(page)
    check_links(page)
    assert figures_of(page) == figures_in(report_json(report, MAKING))


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_a_journal_is_text(text: str):
    page = parsed(hostile_report(text))
    check_inert(page)
    check_links(page)
    assert len(page.findall(".//table")) == 6
    if text.isprintable() and len(text) < 100:
        assert text in "".join(page.itertext())


def test_a_wide_table_scrolls_in_its_own_box_and_its_columns_are_labelled():
    page = parsed(hostile_report("x"))
    boxes = page.findall(".//div")
    assert [[child.tag for child in box] for box in boxes] == [["table"]] * 6
    assert {box.get("class") for box in boxes} == {"wide"}
    assert {cell.get("scope") for cell in page.iter("th")} == {"col"}


def test_the_policy_forbids_all_but_the_style_that_is_there():
    page = parsed(report_on([]))
    style = page.find(".//style")
    assert style is not None
    digest = base64.b64encode(hashlib.sha256((style.text or "").encode()).digest()).decode()
    head = page.find("head")
    assert head is not None
    policy = head[1]
    assert policy.get("http-equiv") == "Content-Security-Policy"
    assert policy.get("content", "").split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert "url(" not in (style.text or "")
    assert "@import" not in (style.text or "")


def check_links(page: ElementTree.Element) -> None:
    """Links lead to places that are there, once."""
    places = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(places) == len(set(places))
    assert {element.get("href", "")[1:] for element in page.iter("a")} <= set(places)


def figures_of(page: ElementTree.Element) -> dict[str, object]:
    """Count in the file what it shows: rows of tables, and the numbers in words."""
    found: dict[str, object] = {}
    body = page.find("body")
    assert body is not None
    heading = ""
    for element in body:
        if element.tag == "h2":
            heading = str(element.get("id"))
            _, colon, number = "".join(element.itertext()).rpartition(": ")
            if colon:
                found[f"{heading} said"] = int(number.replace(",", ""))
                found[f"{heading} shown"] = 0
        elif element.tag == "div" and f"{heading} shown" in found:
            found[f"{heading} shown"] = len(element.findall("table/tbody/tr"))
        elif element.tag == "div" and heading == "summary":
            for row in element.findall("table/tbody/tr"):
                name = "".join(row[0].itertext())
                found[f"summary {name}"] = int((row[1].text or "").replace(",", ""))
        elif element.tag == "div" and heading == "graphs":
            foot = element.findall("table/tfoot/tr/td")
            numbers = [int((foot[at].text or "").replace(",", "")) for at in (1, 2, 3, 5, 7)]
            found["totals"] = numbers
    return found


def figures_in(data: dict[str, Json]) -> dict[str, object]:
    match data:
        case {"runs": list(runs), "parts": dict(parts), "totals": dict(totals)}:
            pass
        case _:
            raise AssertionError(data)
    found: dict[str, object] = {"runs said": len(runs), "runs shown": len(runs)}
    if runs:
        figures = ("runs", "started", "ended", "calls", "events")
        found["totals"] = [totals[figure] for figure in figures]
    for name in PARTS:
        match parts[name]:
            case {"title": str(title), "lines": list(lines)}:
                found[f"{name} said"] = found[f"{name} shown"] = len(lines)
                found[f"summary {title}"] = len(lines)
            case _:
                raise AssertionError(name)
    return found
