"""`interlock reject`: a person says no to what a gate asks."""

from typing import Unpack

import click

from interlock.cli.running.verdicts import Given, decide_gate, gate_options
from interlock.cli.terminal.options import example


@click.command(epilog=example("interlock reject last signoff --reason 'not on a Friday'"))
@gate_options
def reject(**given: Unpack[Given]) -> int:
    """Reject what the gate NODE of RUN asks. One person who rejects is enough.

    What needs the gate is skipped, and the run ends refused, unless the gate has `on_refused:
    continue`. Your name and the reason are kept in the journal.
    """
    return decide_gate("rejected", given)
