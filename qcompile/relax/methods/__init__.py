"""Training methods, one file each: solve(problem, settings) -> Solution."""
