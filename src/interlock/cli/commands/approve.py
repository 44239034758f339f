"""`interlock approve`: a person agrees to what a gate asks."""

from typing import Unpack

import click

from interlock.cli.running.verdicts import Given, decide_gate, gate_options
from interlock.cli.terminal.options import example


@click.command(epilog=example("interlock approve last signoff --reason 'the tests are green'"))
@gate_options
def approve(**given: Unpack[Given]) -> int:
    """Approve what the gate NODE of RUN asks, and go on with the run.

    `interlock show RUN NODE` shows all of what is asked; exactly that may run then, once. Your name
    and the reason are kept in the journal. A person who approves twice counts once.
    """
    return decide_gate("approved", given)
