"""Real servers and processes, broken on purpose."""
