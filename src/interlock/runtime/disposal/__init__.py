"""Disposal: what of a run is erased, pruned or on hold, and what tells of it."""

from interlock.runtime.disposal.erasing import (
    Chosen as Chosen,
    Erased as Erased,
    Removal as Removal,
    erase as erase,
    others_with as others_with,
    overwrite as overwrite,
    removal_of as removal_of,
    row_without as row_without,
)
from interlock.runtime.disposal.forgetting import (
    Forgetting as Forgetting,
    forget as forget,
    forgetting_of as forgetting_of,
    place_subject_hold as place_subject_hold,
    removals as removals,
)
from interlock.runtime.disposal.holds import (
    facts_in as facts_in,
    place_hold as place_hold,
    pruned_words as pruned_words,
    read_keeping as read_keeping,
    release_hold as release_hold,
    require_not_held as require_not_held,
)
from interlock.runtime.disposal.pruning import (
    Due as Due,
    PruningPlan as PruningPlan,
    PruningResult as PruningResult,
    all_runs as all_runs,
    plan_pruning as plan_pruning,
    prune as prune,
)

__all__ = [
    "all_runs",
    "Chosen",
    "Due",
    "erase",
    "Erased",
    "facts_in",
    "forget",
    "Forgetting",
    "forgetting_of",
    "others_with",
    "overwrite",
    "place_hold",
    "place_subject_hold",
    "plan_pruning",
    "prune",
    "pruned_words",
    "PruningPlan",
    "PruningResult",
    "read_keeping",
    "release_hold",
    "Removal",
    "removal_of",
    "removals",
    "require_not_held",
    "row_without",
]
