"""Planning repairs: the meta-planner, the search planner and the state they see. Holds no sandbox, writes no file."""
