"""`interlock schema`: the JSON Schema of documents."""

import click

from interlock.cli.console import out_json
from interlock.cli.exits import Exit
from interlock.cli.options import example
from interlock.graph import document_schema


@click.command(epilog=example("interlock schema > interlock.schema.json"))
def schema() -> int:
    """Print the JSON Schema of documents, for editors and for structured output of models."""
    out_json(document_schema())
    return Exit.OK
