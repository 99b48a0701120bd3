"""From the relaxation to a small integer network."""
