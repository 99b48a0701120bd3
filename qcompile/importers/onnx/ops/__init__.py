"""The operators of the source graph, grouped by what they do to a tensor."""
