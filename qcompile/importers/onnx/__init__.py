"""A source graph walked node by node, every tensor a function of integers."""
