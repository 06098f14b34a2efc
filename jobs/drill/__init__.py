"""The drill: jobs on a scratch set-up of its own while everything around them is broken, then a count outside of it."""
