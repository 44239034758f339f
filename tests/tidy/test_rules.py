"""Each house rule finds what it is for, and lets pass what is fine."""

from collections.abc import Callable

import pytest

from tidy import rules
from tidy.codes import LITERAL
from tidy.rules import Rule, Source

SRC = "src/interlock/graph/reader.py"
DOOR = "src/interlock/graph/__init__.py"
TEST = "tests/unit/graph/test_reader.py"


def lines(count: int, indent: str = "") -> str:
    return f"{indent}x = 1\n" * count


def methods(count: int) -> str:
    return "class Large:\n" + "".join(f"    def m{n}(self): ...\n" for n in range(count))


# Broken up, so that this file keeps the rules that it tests.
FORGOTTEN = "TO" + "DO"
MACHINE = "/home /someone/x.py".replace(" ", "")
ADDRESS = "https://pypi .org/simple".replace(" ", "")

CASES: list[tuple[Rule, str, str, int]] = [
    (rules.syntax, SRC, "def f(): ...", 0),
    (rules.syntax, SRC, "def f(: ...", 1),
    (rules.file_size, SRC, lines(600), 0),
    (rules.file_size, SRC, lines(601), 1),
    (rules.file_size, TEST, lines(800), 0),
    (rules.file_size, TEST, lines(801), 1),
    (rules.function_size, SRC, "def f():\n" + lines(69, "    "), 0),
    (rules.function_size, SRC, "def f():\n" + lines(70, "    "), 1),
    (
        rules.function_size,
        SRC,
        'def f():\n    """One.\n\n    Two.\n    """\n' + lines(69, "    "),
        0,
    ),
    (rules.function_size, SRC, "class C:\n    async def f(self):\n" + lines(70, "        "), 1),
    (rules.class_size, SRC, methods(30), 0),
    (rules.class_size, SRC, methods(31), 1),
    (rules.positional_parameters, SRC, "def f(a, b, c, *, d, e): ...", 0),
    (rules.positional_parameters, SRC, "def f(a, /, b, c, d): ...", 1),
    (rules.positional_parameters, SRC, "class C:\n    def f(self, a, b, c): ...", 0),
    (rules.positional_parameters, TEST, "def test_f(a, b, c, d): ...", 0),
    (rules.inner_imports, SRC, "from interlock.graph.model import Graph", 0),
    (rules.inner_imports, SRC, "from interlock.values import Json", 0),
    (rules.inner_imports, SRC, "from interlock.values.canonical import canonical", 1),
    (rules.inner_imports, SRC, "def f():\n    import interlock.values.canonical", 1),
    (rules.inner_imports, SRC, "import_module('interlock.values.canonical')", 1),
    (
        rules.inner_imports,
        "src/interlock/__init__.py",
        "from interlock.graph.model import Graph",
        1,
    ),
    (rules.inner_imports, TEST, "from interlock.graph.model import Graph", 0),
    (rules.inner_imports, "examples/x.py", "from interlock.graph.model import Graph", 1),
    (rules.file_names, SRC, "", 0),
    (rules.file_names, DOOR, "", 0),
    (rules.file_names, "src/interlock/graph/_reader.py", "", 1),
    (rules.file_names, "src/interlock/utils/text.py", "", 1),
    (rules.asserts_in_src, SRC, "assert x", 1),
    (rules.asserts_in_src, SRC, "ensure(x, 'x')", 0),
    (rules.asserts_in_src, "src/interlock/testing/store.py", "assert x", 0),
    (rules.tests_without_assertion, TEST, "def test_f():\n    f()", 1),
    (rules.tests_without_assertion, TEST, "def test_f():\n    assert True", 1),
    (rules.tests_without_assertion, TEST, "def test_f():\n    assert f()", 0),
    (
        rules.tests_without_assertion,
        TEST,
        "def test_f():\n    with pytest.raises(E):\n        f()",
        0,
    ),
    (rules.tests_without_assertion, TEST, "def test_f():\n    g()\ndef g():\n    assert f()", 0),
    (
        rules.tests_without_assertion,
        TEST,
        "class TestF:\n    async def test_f(self):\n        f()",
        1,
    ),
    (rules.front_door, DOOR, '"""Only words."""', 0),
    (rules.front_door, DOOR, "from a import X as X\n__all__ = ['X']", 0),
    (rules.front_door, DOOR, "from a import X as X", 1),
    (rules.front_door, DOOR, "from a import X as X, Y as Y\n__all__ = ['X']", 1),
    (rules.front_door, DOOR, "from a import X as X\n__all__ = ['X', 'Y']", 1),
    (rules.front_door, DOOR, "__all__ = ['X']\ndef __getattr__(name): ...", 0),
    (rules.front_door, DOOR, "from a import X as X, b as b\n__all__ = ['X', 'b']", 1),
    (rules.front_door, DOOR, "from a import X as X\n__all__ = ['X', 'X']", 1),
    (rules.leftovers, "docs/x.md", f"{FORGOTTEN}: write this", 1),
    (rules.leftovers, "docs/x.md", "to do: nothing", 0),
    (rules.machine_paths, "docs/x.md", f"see {MACHINE}", 1),
    (rules.machine_paths, "docs/x.md", "see src/work/x.py and ${root}/work/x", 0),
    (rules.registry_addresses, "requirements/x.txt", f"--hash=x  # {ADDRESS}", 1),
    (rules.registry_addresses, "requirements/x.txt", "orjson==3.13.0 --hash=sha256:00", 0),
]


@pytest.mark.parametrize("rule, path, text, count", CASES)
def test_a_rule_finds_what_it_is_for(rule: Rule, path: str, text: str, count: int):
    assert len(list(rule(Source(path=path, text=text)))) == count


def test_every_rule_is_shown_to_fail():
    shown: set[Callable[..., object]] = {rule for rule, _, _, count in CASES if count}
    assert shown == {*rules.PYTHON_RULES, *rules.TEXT_RULES}


def test_a_code_is_told_from_other_words():
    assert LITERAL.findall("IL2003 XIL2003 IL20031 IL20xx `IL1001`") == ["IL2003", "IL1001"]
