"""The strategies that ask a model, and the reading of its answers."""
