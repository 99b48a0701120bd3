"""The commands of the command line, one file each; ``command`` in each file is the click command.

To add a command, write ``NAME.py`` here with ``command`` and ``EXAMPLE``, a worked example that
the help shows and that a test runs.
"""
