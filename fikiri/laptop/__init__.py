"""Everything that one machine needs to run Fikiri by itself: `manage.py up`."""
