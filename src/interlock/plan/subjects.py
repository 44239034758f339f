"""`subject`: whose a value is, where it enters a run.

Values enter a run as its inputs, as what a call returns, and with signals. There an author says
whose they are; everything that is made of them belongs to the same subjects, so nothing is declared
twice.
"""

from interlock.actions import Manifest
from interlock.errors import ExpressionFailed
from interlock.graph import (
    SUBJECT,
    CallNode,
    Expression,
    ProposeNode,
    WaitNode,
    parse_expression,
    subject_of,
    without_subject,
)
from interlock.plan.binding import Bound
from interlock.plan.edges import Edge, check_edge
from interlock.plan.problems import pointer
from interlock.plan.site import Site
from interlock.values import Json, NodeId, Schema, resolve

VALUE = frozenset({"value"})
TEXT: Schema = {"type": "string"}
NAMES: Schema = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
NAME_CHARS_MAX = 256
ENTERING = (CallNode, ProposeNode, WaitNode)


def input_subjects(site: Site) -> tuple[tuple[str, Expression], ...]:
    """Compile what the inputs of a graph say of whose they are."""
    found: list[tuple[str, Expression]] = []
    for name, schema in site.graph.inputs.items():
        at = f"{pointer('inputs', name)}/{SUBJECT}"
        if subject_of(schema) is None:
            continue
        if site.where.outer:
            _refuse(
                site,
                f"input `{name}` of `{site.graph.name}`, a graph inside another one, has `subject`",
                at=at,
                hint="declare it where the value enters the run: what is passed on keeps it",
            )
            continue
        whose = f"input `{name}`"
        if site.around.catalog.narrowed_by_proposal:
            _refuse_proposed(site, whose, at=at)
            continue
        expression = _compiled(site, schema, at=at, whose=whose, node=NodeId(name))
        if expression is not None:
            found.append((name, expression))
    return tuple(found)


def output_subject(site: Site, bound: Bound) -> Expression | None:
    """Compile what `returns` of a node says of whose its output is, or else its action."""
    node, schema = bound.node, bound.node.returns
    if schema is None or subject_of(schema) is None:
        if bound.manifest is None or subject_of(bound.manifest.returns) is None:
            return None
        kind = "propose" if isinstance(node, ProposeNode) else "call"
        return action_subject(site, node.id, bound.manifest, at=f"{bound.home}/{kind}")
    home = f"{bound.home}/wait" if isinstance(node, WaitNode) else bound.home
    at, whose = f"{home}/returns/{SUBJECT}", f"`returns` of `{node.id}`"
    if site.around.catalog.narrowed_by_proposal:
        _refuse_proposed(site, whose, at=at)
        return None
    if not isinstance(node, ENTERING):
        told = f"{whose} has `subject`, but its output is made of values inside of the run"
        hint = "declare it where these enter the run: what is made of them belongs to the same"
        _refuse(site, told, at=at, hint=hint)
        return None
    if bound.manifest is not None and bound.manifest.transactional:
        _refuse_transactional(site, whose, bound.manifest, at=at)
        return None
    return _compiled(site, schema, at=at, whose=whose, node=node.id)


def action_subject(
    site: Site, node: NodeId, manifest: Manifest | None, *, at: str
) -> Expression | None:
    """Compile what an action says of whose it is what it returns."""
    if manifest is None or subject_of(manifest.returns) is None:
        return None
    whose = f"`{manifest.name}`"
    if manifest.transactional:
        _refuse_transactional(site, whose, manifest, at=at)
        return None
    return _compiled(site, manifest.returns, at=at, whose=whose, node=node)


def names_in(expression: Expression, value: Json) -> frozenset[str]:
    """Evaluate whose a value is; nobody's where the list is empty.

    Raises:
        ExpressionFailed: it gives no names.
    """
    found = expression.evaluate({"value": value})
    names = found if isinstance(found, list) else [found]
    if not all(isinstance(each, str) and _is_name(each) for each in names):
        # What it gave instead is not told: it may be personal, and errors are kept in the clear.
        raise ExpressionFailed(
            f"`subject` gives no name: {expression.source}",
            hint=f"let it give a text of 1 to {NAME_CHARS_MAX} printable characters, or a list of"
            " such texts",
        )
    return frozenset(str(each) for each in names)


def _is_name(text: str) -> bool:
    return 0 < len(text) <= NAME_CHARS_MAX and text.isprintable() and not text.isspace()


def _compiled(
    site: Site, schema: Schema, *, at: str, whose: str, node: NodeId
) -> Expression | None:
    if site.problems.is_damaged(at):
        return None
    parsed = parse_expression(subject_of(schema) or "", names=VALUE)
    if not isinstance(parsed, Expression):
        site.problems.take(parsed, at=at)
        return None
    other = next((each for each in parsed.references if each.name != "value"), None)
    if other is not None:
        told = f"`subject` of {whose} reads `{other.name}`, but knows only the value itself"
        hint = "read `value`, such as `value.id`"
        site.problems.error("IL2019", told, at=at, span=other.span, hint=hint)
        return None
    if site.around.is_checked:
        _check(site, parsed, schema, at=at, whose=whose, node=node)
    return parsed


def _check(
    site: Site, expression: Expression, schema: Schema, *, at: str, whose: str, node: NodeId
) -> None:
    """Check that what it gives may be a name."""
    known = resolve(without_subject(schema), site.around.types())
    lens = site.lens(f"`subject` of {whose}").naming(value=known)
    produced = lens.infer(expression, at=at)
    if produced is not None:
        edge = Edge(node=node, expression=expression, at=at, wanted=NAMES, steps=(SUBJECT,))
        check_edge(edge, produced, lens)


def _refuse_transactional(site: Site, whose: str, manifest: Manifest, *, at: str) -> None:
    told = f"{whose} has `subject`, but `{manifest.name}` is transactional"
    hint = "no key is made in its transaction: declare whose the values are that it is given"
    _refuse(site, told, at=at, hint=hint)


def _refuse_proposed(site: Site, whose: str, *, at: str) -> None:
    hint = "take it out: what a proposal makes of values belongs to whom they belong to"
    _refuse(site, f"{whose} has `subject`, in a graph that was proposed", at=at, hint=hint)


def _refuse(site: Site, told: str, *, at: str, hint: str) -> None:
    site.problems.error("IL1124", told, at=at, on_key=True, hint=hint)
