"""`interlock schema`: the JSON Schema of documents."""

import click

from interlock.cli.project.apps import load_registry
from interlock.cli.project.pyproject import find_project
from interlock.cli.terminal.console import out_json
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import app_option, example
from interlock.graph import document_schema, model_schema


@click.command(
    epilog=example("interlock schema > interlock.schema.json", "interlock schema --for-model")
)
@click.option(
    "--for-model",
    is_flag=True,
    help="The form that strict structured output accepts, specialised to the actions.",
)
@app_option
def schema(*, for_model: bool, app: str | None) -> int:
    """Print the JSON Schema of documents, for editors and for structured output of models.

    Graphs in the form of `--for-model` are read wherever a model proposes one.
    """
    if for_model:
        out_json(model_schema(load_registry(find_project(), app).manifests))
    else:
        out_json(document_schema())
    return Exit.OK
