"""The parts of the barrier method: scaling of the cones, the diagonal rule, Newton systems, the point."""
