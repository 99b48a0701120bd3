"""What several test files share: random networks, rows and problems, and the golden files."""
