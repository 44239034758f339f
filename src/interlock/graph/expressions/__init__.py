"""Expressions: CEL in conditions, and in `${{ }}` inside values.

A plain path (`image.ref`) is read by a getter of our own, and so is a path of each item of a list
(`docs.items.map(d, d.id)`). Everything else is evaluated by the CEL engine, which is imported when
it is needed first.
"""

from interlock.graph.expressions.cel import ENGINE as ENGINE
from interlock.graph.expressions.expression import (
    Expression as Expression,
    parse_expression as parse_expression,
)
from interlock.graph.expressions.findings import (
    Finding as Finding,
    FindingKind as FindingKind,
)
from interlock.graph.expressions.paths import (
    Scope as Scope,
    hyphen_hint as hyphen_hint,
    path_text as path_text,
)
from interlock.graph.expressions.references import Reference as Reference
from interlock.graph.expressions.template import (
    Placed as Placed,
    Template as Template,
    parse_template as parse_template,
)
from interlock.graph.expressions.typed import type_of as type_of

__all__ = [
    "ENGINE",
    "Expression",
    "Finding",
    "FindingKind",
    "hyphen_hint",
    "parse_expression",
    "parse_template",
    "path_text",
    "Placed",
    "Reference",
    "Scope",
    "Template",
    "type_of",
]
