"""The pages say what the code does: their Python runs, their commands, links, variables and answers exist."""
