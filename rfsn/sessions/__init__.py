"""A session on disk: its journal, what is folded from it, and what is done with it later."""
