"""The report page, its plots, and the terminal's tables."""
