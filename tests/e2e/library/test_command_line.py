"""A YAML graph runs without Python."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema_rs

GRAPH = """\
interlock: 1
name: note
nodes:
  hello: {call: exec.run, with: {argv: [echo, hi]}}
  save:
    call: files.write
    with: {path: notes/a.txt, content: '${{ hello.stdout }}', folders: true}
  found: {call: files.list, with: {path: notes}, needs: [save]}
outputs: {paths: '${{ found.entries.map(e, e.path) }}'}
"""


def interlock(folder: Path, *args: str) -> str:
    argv = [sys.executable, "-m", "interlock", *args]
    return subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True).stdout


def test_a_graph_runs_without_python(tmp_path: Path):
    (tmp_path / "note.yaml").write_text(GRAPH, encoding="utf-8")
    told = json.loads(interlock(tmp_path, "run", "note.yaml"))
    assert told == {"paths": ["notes/a.txt"]}
    assert (tmp_path / "notes" / "a.txt").read_text(encoding="utf-8") == "hi\n"


def test_the_schema_for_models_is_printed(tmp_path: Path):
    schema = json.loads(interlock(tmp_path, "schema", "--for-model"))
    jsonschema_rs.meta.validate(schema)
    assert "call.exec.run" in schema["$defs"]
    plain = json.loads(interlock(tmp_path, "schema"))
    assert "call" in plain["$defs"]
