"""Planning repairs: the meta-planner, the search planner and the state they see. Uses no sandbox and writes no file."""
