"""Reading text: scalars, places, aliases, JSON."""

import json

import pytest
import yaml

from interlock.errors import Diagnostic, DocumentInvalid
from interlock.graph import DocumentLimits, read_text

# YAML 1.2, chapter 10.2: what is not null, true, false or a JSON-like number is text.
SCALARS = [
    ("", None), ("null", None), ("true", True), ("false", False), ("~", "~"), ("Null", "Null"),
    ("NULL", "NULL"), ("True", "True"), ("yes", "yes"), ("NO", "NO"), ("off", "off"), ("0", 0),
    ("-0", 0), ("7", 7), ("-12", -12), ("9223372036854775807", 9223372036854775807),
    ("-9223372036854775808", -9223372036854775808), ("1.10", 1.1), ("0.0", 0.0), ("1.", 1.0),
    ("1e3", 1000.0), ("-2.5E-3", -0.0025), ("+1", "+1"), (".5", ".5"), ("014", "014"),
    ("0o14", "0o14"), ("0x1F", "0x1F"), ("0b1", "0b1"), ("1_000", "1_000"), ("4:30", "4:30"),
    ("190:20:30", "190:20:30"), (".inf", ".inf"), (".nan", ".nan"), ("NaN", "NaN"),
    ("1.2.3", "1.2.3"), ("2024-01-01", "2024-01-01"), ("1e", "1e"), ("٣", "٣"), ("=", "="),
    ("a b", "a b"), ("http://a.example/#x", "http://a.example/#x"), ("'5'", "5"),
    ('"true"', "true"), ("'it''s'", "it's"), ('"a\\tb"', "a\tb"), ("!!str 5", "5"),
    ("! 5", "5"), ("!!int '5'", 5), ("!!float 5", 5), ("!!null ''", None),
    ("!!bool 'true'", True),
]  # fmt: skip


@pytest.mark.parametrize("text, value", SCALARS)
def test_scalars_are_those_of_yaml_1_2(text, value):
    tree, _ = read_text(f"a: {text}\nb:\n- {text}\n")
    assert tree == {"a": value, "b": [value]}
    assert isinstance(tree, dict)
    assert type(tree["a"]) is type(value)


@pytest.mark.parametrize("text, value", SCALARS)
def test_the_parser_in_python_reads_the_same(text, value, monkeypatch):
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert read_text(f"a: {text}")[0] == {"a": value}


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9223372036854775808", "1e17", "9" * 5000])
def test_numbers_that_would_change_are_refused(text):
    assert codes_of(f"a: {text}") == ["IL1011"]
    assert codes_of(f'{{"a": {text}}}') == ["IL1011"]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_places_do_not_depend_on_the_line_break(line_break):
    text = line_break.join(["a: 1", "b:", "  - 'x'", "  - {c: y}"])
    _, source = read_text(text)
    assert (source.values["/b/0"].line, source.values["/b/0"].column) == (3, 5)
    assert (source.values["/b/1/c"].line, source.values["/b/1/c"].column) == (4, 9)
    assert (source.keys["/b"].line, source.keys["/b"].length) == (2, 1)


@pytest.mark.parametrize(
    "text",
    [
        "a: b.c",
        "a: 'b.c'",
        'a: "b.c"',
        "{a: b.c}",
        "- a: b.c",
        "# é\n\ufeff".removesuffix("\ufeff") + "é: {a: '😀', b: b.c}",
        "a: é😀 b.c",
        '{"a": "b.c"}',
        '{"é😀": [1, "b.c"]}',
    ],
)
def test_a_mark_inside_a_scalar_falls_on_its_characters(text):
    _, source = read_text(text)
    for pointer, span in source.values.items():
        if span.text_column is None:
            continue
        content = text.splitlines()[span.line - 1][span.text_column - 1 :]
        if "b.c" in content[:10]:
            start = content.index("b.c")
            problem = Diagnostic(
                code="IL1004", message="", hint="", pointer=pointer, span=(start + 2, start + 3)
            )
            place = source.place(problem)
            assert place is not None
            assert text.splitlines()[place.line - 1][place.column - 1] == "c"
            return
    pytest.fail("no scalar was marked")


@pytest.mark.parametrize(
    "text",
    ["a: |\n  b.c", "a: >-\n  b.c", "a: 'it''s b.c'", 'a: "\\tb.c"', "a: b\n  c", '{"a": "\\tb"}'],
)
def test_folded_and_escaped_text_has_no_columns(text):
    _, source = read_text(text)
    assert source.values["/a"].text_column is None


def test_pointers_are_escaped():
    _, source = read_text("a/b: {c~d: 1}")
    assert source.values["/a~1b/c~0d"].column == 12


def test_an_alias_is_a_copy_of_its_anchor():
    tree, source = read_text("a: &x {b: [1]}\nc: *x\nd: &y s\ne: *y\n")
    assert tree == {"a": {"b": [1]}, "c": {"b": [1]}, "d": "s", "e": "s"}
    assert isinstance(tree, dict)
    assert tree["a"] is not tree["c"]
    assert source.values["/c"].line == 2
    assert read_text("&k a: 1\nb: *k\n")[0] == {"a": 1, "b": "a"}


@pytest.mark.parametrize(
    "text, code",
    [
        ("a: [" + ", ".join(["1"] * 30) + "]", "IL5003"),
        ('{"a": [' + ", ".join(["1"] * 30) + "]}", "IL5003"),
        ("a: [[[[[[1]]]]]]", "IL5002"),
        ('{"a": [[[[[[1]]]]]]}', "IL5002"),
        ("a: [[[[[[]]]]]]", "IL5002"),
        ('{"a": [[[[[[]]]]]]}', "IL5002"),
        ("a: &a [[[1]]]\nb: [[[*a]]]", "IL5002"),
        ("a: &a 1\nb: [*a, *a, *a, *a]", "IL5004"),
        ("a: &a [1, 1, 1, 1, 1, 1, 1, 1]\nb: [*a, *a]", "IL5003"),
        ("a: " + "x" * 200, "IL5001"),
    ],
)
def test_limits(text, code):
    limits = DocumentLimits(bytes_max=200, depth_max=6, values_max=20, aliases_max=3)
    with pytest.raises(DocumentInvalid) as caught:
        read_text(text, limits=limits)
    assert caught.value.code == code


@pytest.mark.parametrize("depth", [5, 6])
def test_an_alias_is_as_deep_as_what_it_stands_for(depth):
    text = (
        "a: &a " + "[" * 3 + "1" + "]" * 3 + "\nb: " + "[" * (depth - 4) + "*a" + "]" * (depth - 4)
    )
    read_text(text, limits=DocumentLimits(depth_max=depth))
    with pytest.raises(DocumentInvalid):
        read_text(text, limits=DocumentLimits(depth_max=depth - 1))


JSON_TEXTS = [
    '{"a": "\\ud83d\\ude00", "b": "\\/", "c": "\x7f\u2028\x85"}',
    '{"a":1,"b":[true,false,null,-0.5e-3]}',
    '\n\t{"a"\t:\t1\r\n}\n',
    '{"' + "k" * 3000 + '": 1}',
    "[]",
    "{}",
    '[1, "a#b: c", {"<<": {"x": 1}, "1": 2}]',
]


@pytest.mark.parametrize("text", JSON_TEXTS)
def test_json_means_what_json_says(text):
    assert read_text(text)[0] == json.loads(text)


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": Infinity}', '{"a": -Infinity}'])
def test_what_only_python_calls_json_is_text(text):
    tree, _ = read_text(text)
    assert isinstance(tree, dict)
    assert isinstance(tree["a"], str)


def test_a_flow_mapping_that_is_no_json_is_yaml():
    assert read_text("{a: 1, b: [x, 'y',], }")[0] == {"a": 1, "b": ["x", "y"]}


def test_text_may_begin_with_a_byte_order_mark():
    assert read_text("\ufeffa: 1".encode())[0] == {"a": 1}
    assert read_text("\ufeffa: 1")[0] == {"a": 1}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_other_encodings_are_named(encoding):
    data = ("\ufeff" + "a: 1").encode(encoding)
    with pytest.raises(DocumentInvalid, match=encoding[:6].upper()):
        read_text(data)


@pytest.mark.parametrize(
    "text",
    [
        "a: \x00",
        "a: \x07",
        "a: \x7f",
        "a: \x85",
        "a: \u2028",
        "a: \u2029",
        "a: b\ufeff",
        "a: \ufffe",
    ],
)
def test_characters_that_parsers_drop_or_fold_are_refused(text):
    assert codes_of(text) == ["IL1002"]


def test_lone_surrogates_are_refused_everywhere():
    assert codes_of('a: "\\ud83d"') == ["IL1015"]
    assert codes_of('{"a": "\\ud83d"}') == ["IL1015"]
    assert codes_of("a: \ud83d") == ["IL1015"]


def test_the_parser_in_python_refuses_lone_surrogates_too(monkeypatch):
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert codes_of('a: "\\ud83d"') == ["IL1015"]


def codes_of(text: str) -> list[str]:
    with pytest.raises(DocumentInvalid) as caught:
        read_text(text)
    return [problem.code for problem in caught.value.diagnostics]
