"""The files of a new project."""

PYPROJECT = """\
[project]
name = "{name}"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["interlock"]

[tool.interlock]
app = "actions:registry"
"""

ACTIONS = '''\
"""What graphs may do here: typed functions, each with its effect."""

from pathlib import Path

from interlock import Context, Registry, action


@action("text.count", effect="pure")
def count_words(text: str) -> int:
    """Count words. Pure: it depends on its arguments alone, and may run again at any time."""
    return len(text.split())


@action("letter.read", effect="read")
def read_letter(name: str) -> str:
    """Get a letter. A read observes the world; what it saw is recorded once for the run."""
    return f"Dear {name}, the signals are set and the line is clear."


@action("letter.file", effect="write", key="Context.idempotency_key")
def file_letter(text: str, words: int, context: Context) -> str:
    """Keep a letter. A write with a key happens once, even when the process dies in between."""
    place = Path("letters") / f"{context.idempotency_key[-12:]}.txt"
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"{text}\\n({words} words)\\n", encoding="utf-8")
    return str(place)


registry = Registry([count_words, read_letter, file_letter])
'''

GRAPH = """\
interlock: 1
name: hello
inputs:
  name: {type: string, minLength: 1, default: World}
nodes:
  letter:
    call: letter.read
    with: {name: '${{ inputs.name }}'}
    retry: {attempts: 3}
  words:
    call: text.count
    with: {text: '${{ letter }}'}
    ensure: result > 0
  filed:
    call: letter.file
    with:
      text: '${{ letter }}'
      words: '${{ words }}'
outputs:
  letter: '${{ letter }}'
  file: '${{ filed }}'
"""

GITIGNORE = """\
{home}/
letters/
__pycache__/
"""
