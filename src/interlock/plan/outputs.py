"""The outputs of a graph: what they yield, and whether they may be absent."""

from collections.abc import Mapping

from interlock.graph import Template, parse_template
from interlock.plan.binding import Read, Surroundings, check_reads, reads_of
from interlock.plan.edges import check_text
from interlock.plan.model import CompiledOutput
from interlock.plan.problems import pointer
from interlock.plan.reading import Lens
from interlock.plan.schemas import template_schema
from interlock.values import Json, NodeId, Schema, immutable

SHOWN_CHARS_MAX = 60


@immutable()
class Outputs:
    """Compiles the outputs of one graph.

    Attributes:
        positions: of the nodes.
        absent: why a node may not succeed in a run that succeeds.
    """

    around: Surroundings
    positions: Mapping[NodeId, int]
    absent: Mapping[NodeId, str]

    def compile(self, name: str, tree: Json) -> CompiledOutput | None:
        """Compile one output."""
        at = pointer("outputs", name)
        template = parse_template(tree)
        if not isinstance(template, Template):
            self.around.problems.take(template, at=at)
            return None
        reads = list(reads_of([(at, template)]))
        check_reads(self.around, reads)
        is_declared = name in self.around.graph.optional
        if not is_declared and not self.around.problems.is_damaged(pointer("outputs", name)):
            self._check_presence(name, tree, reads)
        strict = self._read(reads, "node")
        return CompiledOutput(
            name=name,
            template=template,
            strict=tuple(sorted(self.positions[id_] for id_ in strict)),
            roots=self._roots(strict),
            status_roots=self._roots(self._read(reads, "nodes")),
            optional=is_declared,
        )

    def schema(self, output: CompiledOutput, lens: Lens) -> Schema:
        """Infer the schema of an output."""
        template, at = output.template, pointer("outputs", output.name)
        inferred: dict[str, Schema] = {}
        texts: set[str] = set()
        for placed in template.placed:
            found = lens.infer(placed.expression, at=at + placed.pointer, offset=placed.span[0])
            if placed.whole:
                inferred[placed.pointer] = True if found is None else found
                continue
            texts.add(placed.pointer)
            if found is not None:
                check_text(placed, found, lens, at=at, steps=(output.name,))
        return template_schema(template.tree, inferred, texts=texts)

    def _read(self, reads: list[Read], root: str) -> set[NodeId]:
        found = {one.reference.node for one in reads if one.reference.root == root}
        return {id_ for id_ in found if id_ is not None and id_ in self.positions}

    def _roots(self, ids: set[NodeId]) -> tuple[tuple[str, int], ...]:
        return tuple(sorted((id_, self.positions[id_]) for id_ in ids))

    def _check_presence(self, name: str, tree: Json, reads: list[Read]) -> None:
        """An output that may be absent must be declared optional."""
        told: set[NodeId] = set()
        for read in reads:
            node = read.reference.node
            if node is None or read.reference.root != "node" or node in told:
                continue
            if node not in self.absent:
                continue
            told.add(node)
            shown = f"'{tree}'" if isinstance(tree, str) and len(tree) < SHOWN_CHARS_MAX else "…"
            self.around.problems.error(
                "IL2013",
                f"output `{name}` needs `{node}`, which {self.absent[node]}",
                at=read.at,
                span=read.span,
                hint=_python_advice(node, tree)
                if self.around.problems.is_python
                else f"write `{name}: {{value: {shown}, optional: true}}`,"
                f" or read `nodes.{node}.output`",
            )


def _python_advice(node: NodeId, tree: Json) -> str:
    is_whole = tree == f"${{{{ {node} }}}}"
    shown = f"optional({node})" if is_whole else "optional(…)"
    return f"return it as `{shown}`, or read `output_of({node})`, which is None where it is absent"
