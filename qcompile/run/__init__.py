"""Run an artifact and ask it for scores or predictions: one file per way to run it.

Each file has ``open_artifact(artifact) -> Runner`` (runner.py). ``host`` runs in this process by
Numba kernels; its plain path is a tape (_assemble.py) for the machine in kernels/plain/machine.py.
"""
