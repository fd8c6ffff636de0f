"""Models: how they are spoken to, what they cost, and the desk that carries out `AskModel`."""
