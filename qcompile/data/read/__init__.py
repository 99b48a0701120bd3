"""From a file, an archive or a name to a Raw source."""
