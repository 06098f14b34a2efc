"""Real servers for tests: each private, in a scratch folder, gone when the test run ends."""
