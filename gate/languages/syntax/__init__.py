"""What the analyzers of all languages but Python share: parsing with tree-sitter, and reading constructs off its trees.

The folder of a language names the node types of its grammar (`shapes.Shape`) and what the rules forbid in it;
walking, names, constant strings, literal answers, changed regions and errors are here. Tree-sitter and what needs it
are imported when the first file is judged.
"""
