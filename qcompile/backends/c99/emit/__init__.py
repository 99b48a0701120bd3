"""From a plan to C text."""
