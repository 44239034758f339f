"""The kinds of nodes: what each does when it is started, told of something, or woken."""

from interlock.engine.kinds.attempts import (
    lost as lost,
    on_failed as on_failed,
    on_in_doubt as on_in_doubt,
    on_probed as on_probed,
    on_resolved as on_resolved,
    on_returned as on_returned,
    on_started as on_started,
    take_returned as take_returned,
)
from interlock.engine.kinds.gates import (
    expiry as expiry,
    on_decided as on_decided,
    on_gate_opened as on_gate_opened,
    open_gate as open_gate,
    refusal as refusal,
)
from interlock.engine.kinds.launching import launch_call as launch_call
from interlock.engine.kinds.maps import end_item as end_item, open_map as open_map
from interlock.engine.kinds.proposals import on_accepted as on_accepted, on_refused as on_refused
from interlock.engine.kinds.repeats import end_turn as end_turn, open_repeat as open_repeat
from interlock.engine.kinds.resuming import go_on as go_on
from interlock.engine.kinds.sleeping import set_again as set_again, set_timer as set_timer
from interlock.engine.kinds.waits import (
    on_signal as on_signal,
    on_wait_opened as on_wait_opened,
    open_wait as open_wait,
)
from interlock.engine.kinds.waking import on_timer as on_timer

__all__ = [
    "end_item",
    "end_turn",
    "expiry",
    "go_on",
    "launch_call",
    "lost",
    "on_accepted",
    "on_decided",
    "on_failed",
    "on_gate_opened",
    "on_in_doubt",
    "on_probed",
    "on_refused",
    "on_resolved",
    "on_returned",
    "on_signal",
    "on_started",
    "on_timer",
    "on_wait_opened",
    "open_gate",
    "open_map",
    "open_repeat",
    "open_wait",
    "refusal",
    "set_again",
    "set_timer",
    "take_returned",
]
