"""The drill for mail: real workers send a thousand mails to a server that hangs up, and die at every point."""
