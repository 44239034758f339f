"""What the demo says between the things that it shows."""

import click

from interlock.cli.terminal.console import out


def heading(text: str) -> None:
    """Begin an act."""
    out(f"\n{click.style(f'== {text}', bold=True)}\n")


def say(*lines: str) -> None:
    """Say something."""
    for line in lines:
        out(f"  {line}" if line else "")


def fact(name: str, told: str) -> None:
    """State a fact under a name."""
    out(f"  {name:<10} {told}")
