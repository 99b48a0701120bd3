"""The left column composed: fit one configuration, choose among several."""
