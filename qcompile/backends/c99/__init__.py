"""C99 for any core: a plan, its text, and the documents around it."""
