"""The gradual rule: what is declared counts, what is left open is checked at run time."""

from typing import Any

import pytest
from hypothesis import assume, event, given, strategies as st

from interlock.plan.fitting import Verdict, fit, is_empty
from interlock.values import Checker, Json, Schema, covers
from interlock.values.examples import examples
from unit.values.strategies import (
    BOOLEAN,
    DATE,
    INTEGER,
    NULL,
    NUMBER,
    SCHEMAS,
    STRING,
    array,
    either,
    record,
    table,
    tree,
)

OBJECT: Schema = {"type": "object"}
LIST: Schema = {"type": "array"}
DOC = record("id size", id=STRING, size=INTEGER)
PAIR: Schema = {
    "type": "array",
    "prefixItems": [INTEGER, STRING],
    "items": False,
    "minItems": 2,
}
REFERRED: Schema = {"$ref": "#/$defs/doc", "$defs": {"doc": record("id", id=STRING, meta=OBJECT)}}
OPEN = {**record("id", id=STRING), "additionalProperties": True}

TABLE: list[tuple[Verdict, Schema, Schema]] = [
    # Nothing is said: everything may be right.
    ("unknown", STRING, True),
    ("unknown", DOC, {}),
    ("unknown", DOC, {"description": "whatever comes"}),
    ("yes", True, True),
    ("yes", {}, STRING),
    # A kind is said, and nothing else.
    ("unknown", DOC, OBJECT),
    ("unknown", {"anyOf": [DOC, NULL]}, OBJECT),
    ("no", STRING, OBJECT),
    ("no", array(STRING), OBJECT),
    ("unknown", array(STRING), LIST),
    ("unknown", PAIR, LIST),
    ("no", DOC, LIST),
    ("yes", OBJECT, OBJECT),
    ("yes", OBJECT, DOC),
    ("unknown", table(INTEGER), OBJECT),
    # What is said is held against it.
    ("yes", STRING, DATE),
    ("no", DATE, STRING),
    ("no", INTEGER, NUMBER),
    ("no", INTEGER, either(INTEGER, NULL)),
    ("no", DOC, record("id", id=STRING)),
    ("no", DOC, record("id size", id=STRING, size=STRING)),
    ("no", {"enum": ["a", "b"]}, {"enum": ["a", "c"]}),
    # Open parts of what is said otherwise.
    ("unknown", DOC, record("id size", id=STRING, size=True)),
    ("unknown", DOC, record("id size", id=True, size={})),
    ("no", DOC, record("id size", id=INTEGER, size=True)),
    ("no", DOC, record("id", id=True)),
    ("unknown", array(DOC), array(OBJECT)),
    ("unknown", array(STRING), array(True)),
    ("no", array(STRING), array(either(INTEGER, STRING))),
    ("unknown", record("m", m=DOC), record("m", m=OBJECT)),
    ("no", record("m", m=DOC), record("m", m=LIST)),
    ("unknown", either(DOC, NULL), either(OBJECT, NULL)),
    ("no", DOC, either(OBJECT, NULL)),
    # Fields beyond the declared ones, where the producer says that there may be some.
    ("unknown", DOC, OPEN),
    ("no", record("id size", id=INTEGER, size=INTEGER), OPEN),
    ("yes", record("id", id=STRING), OPEN),
    # Behind a reference.
    ("unknown", record("id", id=STRING, meta=DOC), REFERRED),
    ("no", record("id", id=INTEGER, meta=DOC), REFERRED),
    ("yes", tree(INTEGER), tree(INTEGER)),
    ("unknown", tree(INTEGER), tree(True)),
    ("yes", tree(NUMBER), tree(INTEGER)),
    ("no", tree(INTEGER), tree(NUMBER)),
    # Of alternatives, one that the producer can be.
    (
        "unknown",
        either(DOC, record("id n", id=STRING, n=STRING)),
        record("id n", id=True, n=STRING),
    ),
    ("unknown", either(DOC, record("x", x=STRING)), record("id size", id=True, size=INTEGER)),
    ("no", either(DOC, record("x", x=STRING)), record("id size", id=True, size=STRING)),
    ("no", either(DOC, record("x", x=STRING)), record("y", y=True)),
    (
        "unknown",
        record("m", m=either(DOC, NULL)),
        record("m", m=record("id size", id=True, size=INTEGER)),
    ),
    ("no", record("m", m=either(DOC, NULL)), record("m", m=record("id", id=True))),
    (
        "unknown",
        {"oneOf": [record("k", k={"const": "a"}), record("k x", k={"const": "b"}, x=STRING)]},
        record("k", k=True),
    ),
    ("unknown", {"oneOf": [array(INTEGER), array({"const": 0})]}, array(True)),
    (
        "unknown",
        either({"oneOf": [array(INTEGER), array(INTEGER)]}, array(STRING)),
        array(True),
    ),
    ("unknown", either(DOC, NULL), either(record("id size", id=True, size=INTEGER), NULL)),
    ("no", either(DOC, STRING), either(record("id size", id=True, size=INTEGER), NULL)),
    # Where more is wanted than fields and items, nothing is refused that might pass.
    ("unknown", {"type": "object", "patternProperties": {"^a": INTEGER}}, record("a", a=True)),
    ("unknown", {**DOC, "minProperties": 2}, record("id size", id=True, size=INTEGER)),
    ("no", {**DOC, "maxProperties": 1}, record("id size", id=True, size=INTEGER)),
    (
        "unknown",
        {"allOf": [DOC, record("x", x=STRING)]},
        record("id size x", id=True, size=INTEGER, x=STRING),
    ),
    # Lists with a declared place for each item.
    ("unknown", array(INTEGER), {**PAIR, "prefixItems": [INTEGER, True]}),
    ("no", array(INTEGER), {**PAIR, "prefixItems": [STRING, True]}),
    ("unknown", PAIR, {**PAIR, "prefixItems": [True, True]}),
]

COMPUTED: list[tuple[Verdict, Schema, Schema]] = [
    ("yes", STRING, STRING),
    ("unknown", DATE, STRING),
    ("unknown", {"type": "string", "maxLength": 3}, STRING),
    ("unknown", {"enum": ["a", "b"]}, STRING),
    ("no", INTEGER, STRING),
    ("unknown", {"type": "integer", "minimum": 1}, INTEGER),
    ("no", BOOLEAN, INTEGER),
    ("unknown", {"type": "number", "maximum": 1}, NUMBER),
    ("no", {"type": "integer", "minimum": 1}, NUMBER),
    ("no", {"enum": ["a", "b"]}, {"enum": ["a", "c"]}),
    ("no", {"enum": ["a", "b"]}, {"const": "c"}),
    ("unknown", record("day", day=DATE), record("day", day=STRING)),
    ("no", record("day", day=DATE), record("day", day=INTEGER)),
    ("unknown", array(DATE), array(STRING)),
    ("unknown", either(DATE, NULL), STRING),
]


def accepted(schema: Schema) -> list[Any]:
    checker = Checker(schema)
    return [value for value in examples(schema) if checker.accepts(value)]


@pytest.mark.parametrize("verdict,wanted,produced", TABLE)
def test_what_is_declared_counts(verdict: Verdict, wanted: Schema, produced: Schema):
    assert fit(wanted, produced).verdict == verdict


@pytest.mark.parametrize("verdict,wanted,produced", COMPUTED)
def test_of_a_computed_value_only_the_type_counts(
    verdict: Verdict, wanted: Schema, produced: Schema
):
    assert fit(wanted, produced, computed=True).verdict == verdict


@pytest.mark.parametrize("schema", [schema for _, *pair in TABLE for schema in pair])
def test_every_schema_fits_itself(schema: Schema):
    assert fit(schema, schema).verdict == "yes"


@given(SCHEMAS, SCHEMAS)
def test_yes_is_what_covers_proves(wanted: Any, produced: Any):
    found = fit(wanted, produced)
    assert (found.verdict == "yes") == (covers(wanted, produced) == "yes")


@given(SCHEMAS, SCHEMAS)
def test_leaving_more_open_never_refuses_more(wanted: Any, produced: Any):
    assert fit(wanted, True).verdict != "no" or is_empty(wanted)
    if fit(wanted, produced).verdict != "no":
        assert fit(wanted, produced, computed=True).verdict != "no"


@given(SCHEMAS, SCHEMAS)
def test_what_is_assumed_is_not_more_than_what_is_said(wanted: Any, produced: Any):
    """An assumption only narrows: each value of it is one that the producer may return."""
    assumed = fit(wanted, produced, computed=True).assumed
    said = Checker(produced)
    for value in accepted(assumed):
        assert said.accepts(value)


@given(SCHEMAS, SCHEMAS)
def test_a_refused_edge_has_a_value_that_is_refused(wanted: Any, produced: Any):
    """Of a closed producer; what an open one returns is not known."""
    found = fit(wanted, produced)
    if found.verdict == "no" and not found.is_open:
        assert covers(wanted, produced) == "no"


def opened(schema: Any, data: st.DataObject) -> Any:
    """The schema with some of its parts left open; what can be nothing stays."""
    if not isinstance(schema, dict):
        return schema
    found = dict(schema)
    for keyword in ("prefixItems", "anyOf", "oneOf"):
        if keyword in found:
            found[keyword] = [perhaps_open(one, data) for one in found[keyword]]
    if "properties" in found:
        fields: dict[str, Any] = found["properties"]
        found["properties"] = {name: perhaps_open(one, data) for name, one in fields.items()}
    if found.get("items", False) is not False:
        found["items"] = perhaps_open(found["items"], data)
    return found


def perhaps_open(schema: Any, data: st.DataObject) -> Any:
    return True if not is_empty(schema) and data.draw(st.booleans()) else opened(schema, data)


@given(SCHEMAS, SCHEMAS, st.data())
def test_who_declares_less_is_not_refused_for_it(declared: Any, other: Any, data: st.DataObject):
    """Refused is only what would be refused whatever stood in the open parts."""
    one_of_both: Schema = {"oneOf": [other, declared]}
    forms = [declared, either(declared, other), either(other, declared), one_of_both, other]
    wanted = data.draw(st.sampled_from(forms))
    producer = opened(declared, data)
    assume(producer != declared and not is_empty(declared))
    assume(covers(wanted, declared) == covers(producer, declared) == "yes")
    verdict = fit(wanted, producer).verdict
    event(verdict)
    assert verdict != "no"


def chain(last: Schema, *, length: int, fields: str) -> Schema:
    """Definitions of which each refers to the next, as often as there are fields."""
    links: dict[str, Json] = {}
    for index in range(length):
        link: Schema = {"$ref": f"#/$defs/link_{index + 1}"}
        properties: dict[str, Json] = dict.fromkeys(fields.split(), link)
        links[f"link_{index}"] = {**record(fields), "properties": properties}
    return {"$ref": "#/$defs/link_0", "$defs": {**links, f"link_{length}": last}}


@pytest.mark.parametrize("length,fields", [(400, "a"), (40, "a b"), (40, "a b c d e f")])
@pytest.mark.parametrize("last", [True, STRING])
def test_definitions_beyond_all_measure_are_left_to_run_time(
    length: int, fields: str, last: Schema
):
    wanted = chain(INTEGER, length=length, fields=fields)
    assert fit(wanted, chain(last, length=length, fields=fields)).verdict == "unknown"


def test_alternatives_beyond_all_measure_are_left_to_run_time():
    again: Schema = {"$ref": "#/$defs/again"}
    branches: list[Json] = [record("a", a=again), record("a b", a=again, b=INTEGER), INTEGER]
    wanted: Schema = {**again, "$defs": {"again": {"anyOf": branches}}}
    producer: Schema = record("z", z=True)
    for _ in range(12):
        producer = record("a", a=producer)
    assert fit(wanted, producer).verdict != "yes"
