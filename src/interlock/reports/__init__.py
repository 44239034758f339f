"""Reports: what a journal holds of a period, for auditors, as plain data, as JSON and as HTML.

Pure: who reads the journal hands in its events, run by run.
"""

from interlock.reports.actors import Actor as Actor, actor_of as actor_of
from interlock.reports.counting import (
    GraphRow as GraphRow,
    PersonRow as PersonRow,
    by_graph as by_graph,
    by_person as by_person,
    in_all as in_all,
)
from interlock.reports.data import report_json as report_json
from interlock.reports.folding import Reporter as Reporter, Told as Told
from interlock.reports.html import report_html as report_html
from interlock.reports.model import (
    PARTS as PARTS,
    KnownCheckpoint as KnownCheckpoint,
    Line as Line,
    Making as Making,
    PartName as PartName,
    Period as Period,
    Proof as Proof,
    Report as Report,
    RunRow as RunRow,
    Standing as Standing,
    Unreadable as Unreadable,
)
from interlock.reports.words import (
    TITLES as TITLES,
    moment_text as moment_text,
    standings_text as standings_text,
)

__all__ = [
    "Actor",
    "actor_of",
    "by_graph",
    "by_person",
    "GraphRow",
    "in_all",
    "KnownCheckpoint",
    "Line",
    "Making",
    "moment_text",
    "PartName",
    "PARTS",
    "Period",
    "PersonRow",
    "Proof",
    "Report",
    "report_html",
    "report_json",
    "Reporter",
    "RunRow",
    "Standing",
    "standings_text",
    "TITLES",
    "Told",
    "Unreadable",
]
