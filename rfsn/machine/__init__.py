"""The machine that rfsn runs on: its folders and files, its terminal, and who may start here."""
