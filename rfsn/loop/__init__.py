"""One step after another: a planner proposes, the gate decides, a sandbox executes."""
