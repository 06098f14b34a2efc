"""Mail goes out, once: its row, its recipients, its way through a mailer."""
