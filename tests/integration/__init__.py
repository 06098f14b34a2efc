"""Real workers, a real dispatcher, a real Redis: what only whole processes can show."""
