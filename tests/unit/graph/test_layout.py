"""The canonical layout: what it changes, and what it keeps."""

import pytest

from interlock.errors import DocumentInvalid
from interlock.graph import document_text, format_document

PAIRS = {
    "indentation is two spaces": (
        "a:\n    b:\n         c: 1\n",
        "a:\n  b:\n    c: 1\n",
    ),
    "lists are indented below their key": (
        "a:\n- 1\n-   b: 2\n    c: 3\n-\n  - 4\n  - - 5\n",
        "a:\n  - 1\n  - b: 2\n    c: 3\n  - - 4\n    - - 5\n",
    ),
    "nodes stand in block style, small values in braces": (
        "nodes: {a: {call: x.y, with: {b: '${{ c }}',d: [1,2]}}}\n",
        "nodes:\n  a:\n    call: x.y\n    with: {b: '${{ c }}', d: [1, 2]}\n",
    ),
    "bodies are graphs too": (
        "graphs: {one: {nodes: {a: {call: x.y}}, outputs: {b: 1}}}\n",
        "graphs:\n  one:\n    nodes:\n      a:\n        call: x.y\n    outputs: {b: 1}\n",
    ),
    "what does not fit on a line goes on lines of its own": (
        "a: {" + ", ".join(f"key_{n}: value_{n}" for n in range(8)) + "}\n",
        "a:\n" + "".join(f"  key_{n}: value_{n}\n" for n in range(8)),
    ),
    "comments stay where they were": (
        ("# top\n\na: 1 # one\n# before b\nb:   # at b\n    # inside\n    c: 2\n"
        "    # end of b\n# before d\nd: 3\n# last\n"),
        ("# top\n\na: 1  # one\n# before b\nb:  # at b\n  # inside\n  c: 2\n"
        "  # end of b\n# before d\nd: 3\n# last\n"),
    ),
    "a comment in braces takes the value out of them": (
        "a: {b: 1, # why\n  c: 2}\n",
        "a:\n  b: 1  # why\n  c: 2\n",
    ),
    "a comment between key and value moves above the key": (
        "a:\n  # why\n  1\n",
        "# why\na: 1\n",
    ),
    "one empty line stays of many": ("a: 1\n\n\n\nb: 2\n\n", "a: 1\n\nb: 2\n"),
    "quotes and numbers stay as written": (
        "a: 'x'\nb: \"y\"\nc: 1.10\nd: 'it''s'\ne: \"\\u00e9\"\n",
        "a: 'x'\nb: \"y\"\nc: 1.10\nd: 'it''s'\ne: \"\\u00e9\"\n",
    ),
    "block texts move with their key": (
        ("a:\n      b: |\n           x\n             y\n\n"
        "      c: >-\n           z\n      d: |+\n           w\n\n"),
        "a:\n  b: |\n    x\n      y\n\n  c: >-\n    z\n  d: |+\n    w\n\n",
    ),
    "an explicit indentation is kept in meaning": (
        "a:\n    b: |4\n          x\n         y\n",
        "a:\n  b: |2\n      x\n     y\n",
    ),
    "anchors, aliases and tags stay": (
        "a: &x {b: 1}\nc:   *x\nd: !!str 5\ne: &y\n   f: 1\n",
        "a: &x {b: 1}\nc: *x\nd: !!str 5\ne: &y\n  f: 1\n",
    ),
    "the start of the document is not marked": ("%YAML 1.2\n---\na: 1\n...\n", "a: 1\n"),
    "line breaks are those of Unix": ("a: 1\r\nb: |\r\n  x\r\n", "a: 1\nb: |\n  x\n"),
    "text over lines is indented below its key": (
        "a: 'b\n            c\n\n d'\ne: f\n  g\n",
        "a: 'b\n  c\n\n  d'\ne: f\n  g\n",
    ),
    "nothing stays nothing": ("a:\nb: {}\nc: []\nd: {e: }\n", "a:\nb: {}\nc: []\nd: {e: null}\n"),
    "JSON stays JSON": (
        '{"a":[{"b":1.10}]}',
        '{\n  "a": [\n    {\n      "b": 1.1\n    }\n  ]\n}\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize("before, after", PAIRS.values(), ids=PAIRS.keys())
def test_layout(before, after):
    assert format_document(before) == after
    assert format_document(after) == after


def test_what_cannot_be_read_is_not_laid_out():
    with pytest.raises(DocumentInvalid, match="IL1006"):
        format_document("a: 1\na: 2\n")


def test_what_would_lose_an_anchor_is_refused():
    with pytest.raises(DocumentInvalid, match="IL1017"):
        format_document("{&x a\n b, c: *x}\n")


def test_new_documents_read_well():
    tree = {
        "interlock": 1,
        "name": "report",
        "nodes": {
            "page": {
                "call": "llm.ask",
                "with": {"prompt": "Read this:\n\n  ${{ inputs.text }}\n", "stop": ["NO", "yes"]},
                "timeout": "90s",
            }
        },
        "outputs": {"text": "${{ page.text }}"},
    }
    assert (
        document_text(tree)
        == """\
interlock: 1
name: report
nodes:
  page:
    call: llm.ask
    with:
      prompt: |
        Read this:

          ${{ inputs.text }}
      stop: ['NO', 'yes']
    timeout: 90s
outputs: {text: '${{ page.text }}'}
"""
    )


@pytest.mark.parametrize(
    "before, after",
    [
        ("!!str : [f]", '!!str "": [f]\n'),
        ("a: {&b !!str : c}", 'a: {&b !!str "": c}\n'),
        ("12", "12\n"),
    ],
)
def test_an_empty_key_keeps_its_tag_and_a_text_alone_stays(before: str, after: str):
    assert format_document(before) == after
    assert format_document(after) == after
