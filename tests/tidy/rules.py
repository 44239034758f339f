"""House rules as pure functions: a file in, problems out, each with its cure.

`test_house.py` applies them to the repository, `test_rules.py` shows that each one can fail.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

FILE_LINES_MAX = 600
TEST_FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70
METHODS_MAX = 30
POSITIONAL_MAX = 3

type_of_function = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A broken rule: which, where (`file.py` or `file.py:name`), and what to do."""

    rule: str
    place: str
    cure: str

    def __str__(self) -> str:
        return f"{self.place}: {self.cure} [{self.rule}]"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A text file of the repository, with its path from the root."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file; empty when it does not parse, which is a problem of its own."""
        try:
            return ast.parse(self.text, filename=self.path)
        except SyntaxError:
            return ast.Module(body=[], type_ignores=[])

    @property
    def in_src(self) -> bool:
        return self.path.startswith("src/")

    @property
    def in_tests(self) -> bool:
        return self.path.startswith("tests/")

    @property
    def package(self) -> str:
        """The package below `interlock` that the file belongs to; empty for `interlock` itself."""
        parts = PurePosixPath(self.path).parts
        return parts[2] if self.in_src and len(parts) > 3 else ""

    def problem(self, rule: str, cure: str, *, at: str | int = "") -> Problem:
        return Problem(rule=rule, place=f"{self.path}:{at}" if at else self.path, cure=cure)


Rule = Callable[[Source], Iterator[Problem]]

# --- sizes ---------------------------------------------------------------------------------------


def file_size(source: Source) -> Iterator[Problem]:
    lines = len(source.text.splitlines())
    most = TEST_FILE_LINES_MAX if source.in_tests else FILE_LINES_MAX
    if lines > most:
        yield source.problem(
            "file-size",
            f"{lines} lines, at most {most}: find the second noun in it and split there",
        )


def function_size(source: Source) -> Iterator[Problem]:
    for name, function in named(source.tree):
        if (
            isinstance(function, type_of_function)
            and (lines := body_lines(function)) > FUNCTION_LINES_MAX
        ):
            yield source.problem(
                "function-size",
                f"{lines} lines without docstring, at most {FUNCTION_LINES_MAX}: name its parts",
                at=name,
            )


def class_size(source: Source) -> Iterator[Problem]:
    for name, found in named(source.tree):
        if not isinstance(found, ast.ClassDef):
            continue
        methods = sum(isinstance(item, type_of_function) for item in found.body)
        if methods > METHODS_MAX:
            yield source.problem(
                "class-size",
                f"{methods} methods, at most {METHODS_MAX}: a second prefix is a missing module",
                at=name,
            )


def positional_parameters(source: Source) -> Iterator[Problem]:
    """Fixtures come to tests by position, so this holds for `src` alone."""
    if not source.in_src:
        return
    for name, function in named(source.tree):
        if not isinstance(function, type_of_function):
            continue
        parameters = [*function.args.posonlyargs, *function.args.args]
        if parameters and parameters[0].arg in {"self", "cls"}:
            parameters = parameters[1:]
        if len(parameters) > POSITIONAL_MAX:
            yield source.problem(
                "positional",
                f"{len(parameters)} positional parameters, at most {POSITIONAL_MAX}: "
                "put `*` before the rest",
                at=name,
            )


def named(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """All functions and classes, with their qualified names."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, (*type_of_function, ast.ClassDef)):
            name = f"{prefix}{child.name}"
            yield name, child
            yield from named(child, f"{name}.")
        else:
            yield from named(child, prefix)


def body_lines(function: Function) -> int:
    """Lines from `def` to the end, docstring and decorators not counted."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    is_docstring = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return lines - ((first.end_lineno or first.lineno) - first.lineno + 1 if is_docstring else 0)


# --- imports and names ---------------------------------------------------------------------------


def syntax(source: Source) -> Iterator[Problem]:
    try:
        ast.parse(source.text, filename=source.path)
    except SyntaxError as error:
        cure = f"does not parse with the oldest Python that we support: {error.msg}"
        yield source.problem("syntax", cure, at=error.lineno or "")


def inner_imports(source: Source) -> Iterator[Problem]:
    """A package is used through its front door alone, by the packages and by programs of users."""
    user_like = ("tests/typing/", "tests/e2e/", "examples/")
    if not source.in_src and not source.path.startswith(user_like):
        return
    for module, line in imported_modules(source.tree):
        parts = module.split(".")
        if parts[0] == "interlock" and len(parts) > 2 and parts[1] != source.package:
            door = ".".join(parts[:2])
            yield source.problem(
                "inner-import",
                f"imports `{module}`, an inner module of `{door}`: import from `{door}`, "
                "and export the name there if it is missing",
                at=line,
            )


def imported_modules(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Modules that are imported anywhere in a file, in functions and by name too."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((alias.name, node.lineno) for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module, node.lineno
            case ast.Call(args=[ast.Constant(value=str(module)), *_]) if called_name(node) in {
                "import_module",
                "__import__",
            }:
                yield module, node.lineno
            case _:
                pass


VAGUE_NAMES = frozenset({"base", "common", "core", "helpers", "misc", "util", "utils"})


def file_names(source: Source) -> Iterator[Problem]:
    if not (source.in_src or source.in_tests):
        return
    for part in PurePosixPath(source.path).parts:
        stem = part.removesuffix(".py")
        if stem.startswith("_") and stem not in {"__init__", "__main__"}:
            yield source.problem(
                "file-name", f"`{part}` starts with an underscore: name it with a plain noun"
            )
        if source.in_src and stem in VAGUE_NAMES:
            yield source.problem("file-name", f"`{part}` names nothing: name it for what is in it")


def asserts_in_src(source: Source) -> Iterator[Problem]:
    """Conformance suites in `interlock.testing` speak to a test runner, so they may assert."""
    if not source.in_src or source.package == "testing":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assert):
            yield source.problem(
                "assert",
                "`assert` is gone under `python -O`: use "
                "`interlock.errors.ensure(condition, message, fact=value)`",
                at=node.lineno,
            )


# --- tests ---------------------------------------------------------------------------------------

CHECKING = re.compile(
    r"(assert|check|expect|verify|conform|refuse)\w*|raises|warns|deprecated_call|fail|benchmark|"
    r"ensure|run_state_machine_as_test|fullmatch_lines|fnmatch_lines"
)


def tests_without_assertion(source: Source) -> Iterator[Problem]:
    """A test asserts, or calls something in the same file that does, or says so in its name."""
    if not source.in_tests:
        return
    functions = [(name, f) for name, f in named(source.tree) if isinstance(f, type_of_function)]
    asserting = {f.name for _, f in functions if asserts(f)}
    for name, function in functions:
        if not function.name.startswith("test_"):
            continue
        if not asserts(function) and not asserting & set(called_names(function)):
            yield source.problem(
                "no-assertion", "checks nothing, so it cannot fail: assert what must hold", at=name
            )


def asserts(function: Function) -> bool:
    asserted = (node.test for node in ast.walk(function) if isinstance(node, ast.Assert))
    if any(not isinstance(test, ast.Constant) for test in asserted):
        return True
    return any(CHECKING.fullmatch(name.lstrip("_")) for name in called_names(function))


def called_names(tree: ast.AST) -> Iterator[str]:
    return (called_name(node) for node in ast.walk(tree) if isinstance(node, ast.Call))


def called_name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


# --- front doors ---------------------------------------------------------------------------------


def front_door(source: Source) -> Iterator[Problem]:
    """`__init__.py` re-exports as `X as X`, and `__all__` lists exactly that, sorted."""
    if not source.in_src or not source.path.endswith("/__init__.py"):
        return
    exported, own = door_names(source.tree)
    listed = listed_names(source.tree)
    if listed is None:
        if exported:
            yield source.problem(
                "front-door", "re-exports names, but has no `__all__`: add a sorted one"
            )
        return
    if listed != sorted(listed, key=str.casefold):
        yield source.problem(
            "front-door", "`__all__` is not sorted: sort it without regard to case"
        )
    for name in sorted({name for name in listed if listed.count(name) > 1}):
        yield source.problem("front-door", f"`__all__` has `{name}` twice: drop one")
    for name in sorted(exported - set(listed)):
        yield source.problem("front-door", f"`{name}` is re-exported but not in `__all__`: add it")
    lazy = "__getattr__" in own
    for name in sorted(set(listed) - exported - own):
        if not lazy:
            yield source.problem(
                "front-door",
                f"`{name}` is in `__all__` but not re-exported: `import {name} as {name}`",
            )


def door_names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Names re-exported as `X as X`, and names defined in the file itself."""
    exported: set[str] = set()
    own: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(names=names):
                exported |= {a.name for a in names if a.asname == a.name}
            case _:
                pass
    for node in tree.body:
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                own.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                own.add(name)
            case _:
                pass
    return exported, own


def listed_names(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="__all__")], value=value)
                | ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.expr() as value)
            ):
                return list(ast.literal_eval(value))
            case _:
                pass
    return None


# --- texts ---------------------------------------------------------------------------------------

# Written so that no pattern matches its own text.
LEFTOVER = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X])\b")
MACHINE_PATH = re.compile(
    r"(?<![\w.\-}])/(?:root|work|home/\w+|Users/\w+|tmp/(?:team|bash_jobs))(?=/)|\b[A-Z]:\\Users\\"
)
REGISTRY = re.compile(
    r"\bpypi\.(?:org|python\.org)|\bpythonhosted\.org|\bregistry\.npmj[s]|\bdeb\.debian\.org"
    r"|--(?:extra-)?index-ur[l]|--find-link[s]\s+\S"
)


def leftovers(source: Source) -> Iterator[Problem]:
    for line, text in enumerate(source.text.splitlines(), start=1):
        if found := LEFTOVER.search(text):
            yield source.problem(
                "leftover",
                f"`{found[0]}` is left over: do it now, or file an issue and delete it",
                at=line,
            )


def machine_paths(source: Source) -> Iterator[Problem]:
    for line, text in enumerate(source.text.splitlines(), start=1):
        if found := MACHINE_PATH.search(text):
            yield source.problem(
                "machine-path",
                f"`{found[0]}` exists on one machine: write a path from the root",
                at=line,
            )


def registry_addresses(source: Source) -> Iterator[Problem]:
    for line, text in enumerate(source.text.splitlines(), start=1):
        if found := REGISTRY.search(text):
            yield source.problem(
                "registry",
                f"`{found[0]}` is a registry's address: leave it to the user's settings",
                at=line,
            )


PYTHON_RULES: tuple[Rule, ...] = (
    syntax,
    file_size,
    function_size,
    class_size,
    positional_parameters,
    inner_imports,
    file_names,
    asserts_in_src,
    tests_without_assertion,
    front_door,
)
TEXT_RULES: tuple[Rule, ...] = (leftovers, machine_paths, registry_addresses)
