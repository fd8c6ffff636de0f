"""Strategies that ask models: one-shot answers, an agent, a test for an issue, an order of patches."""
