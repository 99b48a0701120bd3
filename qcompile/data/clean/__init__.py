"""From the cells of a source to columns of numbers and labels."""
