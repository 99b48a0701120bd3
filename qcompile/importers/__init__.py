"""Low-bit networks of other tools, one dialect per file."""
