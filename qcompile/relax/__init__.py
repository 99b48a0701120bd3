"""The convex relaxation and its certificate."""
