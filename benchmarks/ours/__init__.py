"""A Django app with the one task that the benchmarks run on Fikiri."""
