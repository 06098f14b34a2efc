"""The platform with one guard taken out: some test must go red. `python -m tests.mutants`."""
