"""Graphs in other files: where they are looked for, and what stops a circle."""

import pytest

from interlock.errors import DocumentInvalid
from interlock.graph import DocumentLimits, GraphNode, load, read_graph, to_document

HEAD = "interlock: 1\nname: example\n"


class Disk:
    """Files in memory that note what was read."""

    def __init__(self, **files: str) -> None:
        self.files = {name.replace("__", "/") + ".yaml": text for name, text in files.items()}
        self.read: list[str] = []

    def __call__(self, path: str) -> bytes:
        self.read.append(path)
        if path not in self.files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.files[path].encode()


def test_paths_are_relative_to_the_file_that_names_them():
    disk = Disk(
        flows__lib__page=f"{HEAD}graphs: {{in: ../../shared/inner.yaml}}\nnodes: {{}}\n",
        shared__inner=f"{HEAD}nodes: {{}}\n",
    )
    loaded = load(
        f"{HEAD}graphs: {{page: ./lib/page.yaml}}\nnodes: {{}}\n",
        file="flows/main.yaml",
        load_file=disk,
    )
    assert disk.read == ["flows/lib/page.yaml", "shared/inner.yaml"]
    assert loaded.graph.graphs["page"].graphs["in"].name == "example"


def test_a_node_may_name_a_file_and_each_file_is_read_once():
    disk = Disk(lib__page=f"{HEAD}nodes: {{}}\n")
    graph = load(
        HEAD
        + "graphs: {page: {nodes: {}}}\n"
        + "nodes:\n  a: {graph: lib/page.yaml}\n  b: {map: ./lib/page.yaml, over: x}\n",
        load_file=disk,
    ).graph
    assert disk.read == ["lib/page.yaml"]
    names = {node.graph for node in graph.nodes.values() if isinstance(node, GraphNode)}
    assert names == {"page_node"}
    assert graph.graphs["page_node"].name == "example"
    assert read_graph(to_document(graph)) == (graph, ())


def test_a_file_sees_nothing_of_what_includes_it():
    disk = Disk(lib=f"{HEAD}inputs: {{x: {{$ref: '#/types/t'}}}}\nnodes: {{a: {{graph: one}}}}\n")
    with pytest.raises(DocumentInvalid) as caught:
        load(
            f"{HEAD}types: {{t: true}}\n"
            "graphs: {one: {nodes: {}}, lib: lib.yaml}\nnodes: {}\n",
            load_file=disk,
        )
    (problem,) = caught.value.diagnostics
    assert problem.code == "IL1120"
    assert ["IL1122" in note or "IL1117" in note for note in problem.notes] == [True, True]


def test_a_circle_of_files_is_told_with_its_way():
    disk = Disk(
        a=f"{HEAD}graphs: {{b: b.yaml}}\nnodes: {{}}\n",
        b=f"{HEAD}graphs: {{main: main.yaml}}\nnodes: {{}}\n",
    )
    with pytest.raises(DocumentInvalid) as caught:
        load(f"{HEAD}graphs: {{a: a.yaml}}\nnodes: {{}}\n", file="main.yaml", load_file=disk)
    assert caught.value.code == "IL1120"
    assert disk.read == ["a.yaml", "b.yaml"]


def tree_of_files(depth: int) -> Disk:
    """Each file includes the next one twice."""
    last = f"f{depth}"
    files = {
        f"f{n}": f"{HEAD}graphs: {{x: f{n + 1}.yaml, y: f{n + 1}.yaml}}\nnodes: {{}}\n"
        for n in range(depth)
    }
    return Disk(**files, **{last: f"{HEAD}nodes: {{}}\n"})


@pytest.mark.parametrize(
    "depth, limits, code",
    [
        (30, DocumentLimits(), "IL5008"),
        (30, DocumentLimits(file_depth_max=100, files_max=5), "IL5008"),
        (30, DocumentLimits(file_depth_max=100), "IL5005"),
        (4, DocumentLimits(nodes_max=20), "IL5005"),
    ],
)
def test_files_are_limited_in_depth_number_and_weight(depth, limits, code):
    disk = tree_of_files(depth)
    with pytest.raises(DocumentInvalid, match=code):
        load(
            f"{HEAD}graphs: {{x: f0.yaml}}\nnodes: {{}}\n",
            file="main.yaml",
            load_file=disk,
            limits=limits,
        )
    assert len(disk.read) == len(set(disk.read))


def test_a_graph_may_be_used_many_times_within_the_limits():
    graph = load(f"{HEAD}graphs: {{x: f0.yaml}}\nnodes: {{}}\n", load_file=tree_of_files(4)).graph
    assert graph.graphs["x"].graphs["x"] == graph.graphs["x"].graphs["y"]


def test_files_are_refused_without_a_way_to_read_them():
    with pytest.raises(DocumentInvalid, match="IL1119"):
        load(f"{HEAD}nodes: {{a: {{graph: lib/x.yaml}}}}\n")


@pytest.mark.parametrize("path", ["/etc/x.yaml", "C:/x.yaml", "a\\b.yaml", "http://a.example/x"])
def test_paths_stay_beside_the_document(path):
    disk = Disk()
    with pytest.raises(DocumentInvalid, match="IL1119"):
        load(f"{HEAD}graphs: {{x: '{path}'}}\nnodes: {{}}\n", load_file=disk)
    assert disk.read == []


def test_warnings_of_a_file_are_shown_at_its_path():
    disk = Disk(lib=f"{HEAD}inputs: {{x: {{typ: string}}}}\nnodes: {{}}\n")
    loaded = load(f"{HEAD}graphs: {{lib: lib.yaml}}\nnodes: {{}}\n", load_file=disk)
    (warning,) = loaded.warnings
    assert warning.pointer == "/graphs/lib"
    assert "lib.yaml:3:14" in warning.message
