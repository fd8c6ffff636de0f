"""One step after the other: a planner proposes, the gate decides, a sandbox executes."""
