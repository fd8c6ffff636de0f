"""The search planner: fault localization and single-edit candidates, without a model."""
