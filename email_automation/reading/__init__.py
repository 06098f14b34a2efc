"""What a model reads and writes, and the story of a message."""
