"""Other people's low-bit networks, one dialect per file."""
