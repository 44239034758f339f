"""The package as others import it."""

import subprocess
import sys


def test_heavy_libraries_are_imported_when_they_are_used():
    code = """
import sys
import interlock.values as values
assert values.covers({"title": "T"}, True) == "yes"
assert values.numbers({"type": "number"})(1) == 1.0
assert values.select({"type": "object"}, ("a",)).present == "maybe"
values.Checker({"type": "integer"})
heavy = {"jsonschema_rs", "rfc8785", "pydantic"} & set(sys.modules)
assert not heavy, heavy
values.Checker({"type": "integer"}).accepts(1)
assert "jsonschema_rs" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
