"""The project under repair: its environment, its protected files, and where a patch goes."""
