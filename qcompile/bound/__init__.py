"""Lower bounds beyond the semidefinite one: cuts, cases and enumeration."""
