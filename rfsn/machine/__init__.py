"""The machine that rfsn runs on: its folders and files, its terminal, and what was left behind there."""
