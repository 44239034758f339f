"""Notary: what speaks for a log outside of it: witnesses and time stamps.

Here are the files, sockets and clocks around the pure `interlock.audit`.
"""

from interlock.notary.seen import Memory as Memory, Seen as Seen, create_memory as create_memory
from interlock.notary.serving import Site as Site, serving as serving
from interlock.notary.witness import Answer as Answer, Witness as Witness
from interlock.notary.witnesses import (
    Asked as Asked,
    Collected as Collected,
    WitnessAddress as WitnessAddress,
    collect_cosignatures as collect_cosignatures,
)

__all__ = [
    "Answer",
    "Asked",
    "collect_cosignatures",
    "Collected",
    "create_memory",
    "Memory",
    "Seen",
    "serving",
    "Site",
    "Witness",
    "WitnessAddress",
]
