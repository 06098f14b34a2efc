"""How fast Fikiri is, measured beside other queues and by itself. Start with `bin/bench`."""
