"""The model form: graphs as strict structured output can write them."""

from interlock.graph.modelform.reader import (
    draft_proposal as draft_proposal,
    from_model_form as from_model_form,
    is_model_form as is_model_form,
    read_proposal as read_proposal,
)
from interlock.graph.modelform.schema import model_schema as model_schema
from interlock.graph.modelform.writer import to_model_form as to_model_form

__all__ = [
    "draft_proposal",
    "from_model_form",
    "is_model_form",
    "model_schema",
    "read_proposal",
    "to_model_form",
]
