"""The training problem: losses and families of networks."""
