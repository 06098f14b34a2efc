"""The model side: what a mail means, and what could be answered. Pure: no database, no queue."""
