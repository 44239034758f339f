"""The execution digest: what happened, independent of timing, attempts, workers and backend."""

from interlock.engine.state import State
from interlock.values import Digest, digest_texts


def execution_digest(state: State) -> Digest:
    """Say what happened: H over plan digest, inputs and outcomes, sorted by path.

    An outcome is (path, status, call key, output or error code).
    """
    outcomes = [(path, *outcome) for path, outcome in sorted(state.outcomes.items())]
    inputs = state.inputs.ref if state.inputs is not None else None
    return digest_texts("execution", [state.plan.digest, inputs, outcomes])
