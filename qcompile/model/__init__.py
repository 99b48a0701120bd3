"""The nouns of both columns: network, encoders, schema, weight grids, bit layout."""
