"""A place for people who are no staff: their mailboxes, the mail that waits for their word, their jobs."""
