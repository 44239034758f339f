"""From the model form to the ordinary document.

The fields that the two forms share pass as they are: `read_draft` judges them, with the words it
has for documents. Here only lists become maps, and forms of values and types become themselves.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeAlias

from interlock.errors import Diagnostic, DocumentInvalid
from interlock.graph.drafts import Draft
from interlock.graph.fields import Problems, Section, TooManyProblems
from interlock.graph.limits import DocumentLimits
from interlock.graph.model import Graph
from interlock.graph.modelform.types import read_type
from interlock.graph.modelform.values import read_fields, read_value, twice
from interlock.graph.reader import is_declaration, read_draft
from interlock.graph.scan import escape
from interlock.graph.showing import kind_of
from interlock.values import Json

DEPTH_MAX = 32

Read: TypeAlias = Callable[[Section], Json]


def read_proposal(
    tree: Json, *, limits: DocumentLimits | None = None
) -> tuple[Graph | None, tuple[Diagnostic, ...]]:
    """Read a graph that a model proposed, in the ordinary form or in the model form.

    Returns:
        The graph, or None when there is an error; and all problems.
    """
    draft = draft_proposal(tree, limits=limits)
    return draft.graph if draft.is_valid else None, draft.diagnostics


def draft_proposal(tree: Json, *, limits: DocumentLimits | None = None) -> Draft:
    """Read what can be read of a graph that a model proposed, in one of the two forms."""
    if is_model_form(tree):
        try:
            tree = from_model_form(tree, limits=limits)
        except DocumentInvalid as error:
            return Draft(graph=None, diagnostics=error.diagnostics)
    elif isinstance(tree, str):
        hint = "answer with one JSON object, and nothing around it"
        message = f"the answer is no JSON but a text that begins: {tree[:60]!r}"
        problem = Diagnostic(code="IL1101", message=message, hint=hint)
        return Draft(graph=None, diagnostics=(problem,))
    return read_draft(tree, limits=limits)


def is_model_form(tree: Json) -> bool:
    """Tell the model form from the ordinary one: its nodes are a list."""
    return isinstance(tree, dict) and isinstance(tree.get("nodes"), list)


def from_model_form(tree: Json, *, limits: DocumentLimits | None = None) -> dict[str, Json]:
    """Turn a graph in the model form into the tree of its document.

    Raises:
        DocumentInvalid: with all problems; places are those of the model form.
    """
    problems = Problems(limits or DocumentLimits())
    document: dict[str, Json] = {}
    with suppress(TooManyProblems):  # those found so far are told
        document = _graph(_section(tree, "", "the graph", problems=problems), depth=0)
    if problems.found:
        raise DocumentInvalid(tuple(problems.found))
    return document


def _graph(section: Section, *, depth: int) -> dict[str, Json]:
    """Read a graph. What is empty is left out, as in documents."""
    if depth > DEPTH_MAX:
        section.problem("IL1101", "graphs are nested too deep", hint="make them flatter")
        return {}

    def local(entry: Section) -> Json:
        inner = _section(
            entry.data.get("graph"), entry.at("graph"), entry.name, problems=section.problems
        )
        body = _graph(inner, depth=depth + 1)
        if body.get("name") == entry.data.get("name"):
            del body["name"]
        return body

    lists: Mapping[str, tuple[str, Read]] = {
        "types": ("name", _typed),
        "inputs": ("name", _typed),
        "graphs": ("name", local),
        "nodes": ("id", _node),
        "outputs": ("name", _output),
    }
    found: dict[str, Json] = {}
    for field, value in section.data.items():
        if field in lists:
            key, read = lists[field]
            found[field] = _table(section, field, key=key, read=read)
        elif field == "defaults":
            found[field] = _without_nulls(value)
        else:
            found[field] = value
    kept = {field: value for field, value in found.items() if value not in (None, "", {})}
    return {**kept, "nodes": found.get("nodes", {})}


def _table(section: Section, field: str, *, key: str, read: Read) -> dict[str, Json]:
    """Read a list of entries that have a name as a map."""
    entries = section.data[field]
    if not isinstance(entries, list):
        section.wrong(field, "a list", hint=f"write `{field}` as a list, each with its `{key}`")
        return {}
    found: dict[str, Json] = {}
    for index, value in enumerate(entries):
        at = f"{section.at(field)}/{index}"
        entry = _section(value, at, f"entry {index + 1} of `{field}`", problems=section.problems)
        name = entry.data.get(key)
        if not isinstance(name, str):
            entry.problem("IL1103", f"{entry.name} has no `{key}`", hint=f"give it a `{key}`")
        elif name in found:
            twice(name, f"{at}/{key}", section.problems)
        else:
            found[name] = read(entry)
    return found


def _typed(entry: Section) -> Json:
    return read_type(entry.data.get("type"), entry.at("type"), entry.problems)


def _output(entry: Section) -> Json:
    value = read_value(entry.data.get("value"), entry.at("value"), entry.problems)
    if entry.data.get("optional"):
        return {"value": value, "optional": True}
    # A value of this shape would be read as a declaration.
    return {"value": value, "optional": False} if is_declaration(value) else value


# --- nodes


def _node(entry: Section) -> Json:
    found: dict[str, Json] = {}
    for field, value in entry.data.items():
        if field in ("with", "with_more"):
            given = _arguments(entry, field)
            for name in given.keys() & _mapping(found.get("with")).keys():
                twice(name, entry.at(field), entry.problems)
            found["with"] = {**_mapping(found.get("with")), **given}
        elif field == "options":
            _options(entry, found)
        elif field == "carry":
            found |= {field: given} if (given := _arguments(entry, field)) else {}
        elif field in ("wait", "gate") and isinstance(value, dict):
            inner = Section(value, entry.at(field), name=f"`{field}`", problems=entry.problems)
            found[field] = _wait(inner) if field == "wait" else _gate(inner)
        elif field != "id" and value is not None:
            found[field] = _without_nulls(value)
    if not found.get("with", True):
        del found["with"]
    return found


def _wait(inner: Section) -> Json:
    found = _without_nulls(dict(inner.data))
    if isinstance(found, dict) and "returns" in found:
        found["returns"] = read_type(found["returns"], inner.at("returns"), inner.problems)
    return found


def _gate(inner: Section) -> Json:
    found = _without_nulls({name: one for name, one in inner.data.items() if one != []})
    if isinstance(found, dict) and "bounds" in found:
        found["bounds"] = _table(inner, "bounds", key="name", read=_bound)
    return found


def _bound(entry: Section) -> Json:
    return entry.data.get("value")


def _undo(value: Json, at: str, problems: Problems) -> Json:
    if not isinstance(value, dict):
        return value
    inner = Section(value, at, name="`undo`", problems=problems)
    given = _arguments(inner, "with") if "with" in inner else {}
    rest = {name: one for name, one in value.items() if name != "with"}
    return {**rest, "with": given} if given else rest


def _arguments(entry: Section, field: str) -> dict[str, Json]:
    value = entry.data[field]
    if isinstance(value, dict):
        return read_fields(value, entry.at(field), entry.problems)
    if isinstance(value, list):
        return _table(entry, field, key="name", read=_argument)
    if value is not None:
        entry.wrong(field, "an object", hint="write arguments by name")
    return {}


def _argument(entry: Section) -> Json:
    return read_value(entry.data.get("value"), entry.at("value"), entry.problems)


def _options(entry: Section, found: dict[str, Json]) -> None:
    """Read options, each an object of one field."""
    options = entry.data["options"]
    if not isinstance(options, list):
        if options is not None:
            entry.wrong("options", "a list", hint='write `"options": [{"timeout": "30s"}]`')
        return
    for index, option in enumerate(options):
        at = f"{entry.at('options')}/{index}"
        if not isinstance(option, dict) or len(option) != 1:
            message = f"{kind_of(option)} is no option of a node"
            hint = 'write one field each: [{"needs": ["a"]}, {"timeout": "30s"}]'
            entry.problem("IL1105", message, hint=hint, at=at)
            continue
        ((name, value),) = option.items()
        if name in found or name == "id":
            twice(name, at, entry.problems)
        elif name == "returns":
            found[name] = read_type(value, f"{at}/{escape(name)}", entry.problems)
        elif name == "undo":
            found[name] = _undo(value, f"{at}/{escape(name)}", entry.problems)
        else:
            found[name] = _without_nulls(value)


# --- pieces


def _section(value: Json, pointer: str, name: str, *, problems: Problems) -> Section:
    if isinstance(value, dict):
        return Section(value, pointer, name=name, problems=problems)
    message = f"{name} is {kind_of(value)}, but must be an object"
    problems.add(
        Diagnostic(code="IL1101", message=message, pointer=pointer, hint="write it as {...}")
    )
    return Section({}, pointer, name=name, problems=problems)


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _without_nulls(value: Json) -> Json:
    """Leave out the fields that are null: strict output cannot leave a field out."""
    if not isinstance(value, dict):
        return value
    return {name: _without_nulls(part) for name, part in value.items() if part is not None}
