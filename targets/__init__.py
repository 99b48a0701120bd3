"""Deployment targets: one TOML file each, every figure with its source.

Installed as ``qcompile.targets``; see ``qcompile.targets.schema`` for the schema.
"""

if __name__ != "qcompile.targets":
    raise ImportError(
        f"this package was imported as {__name__!r}; it is part of qcompile: "
        "install the project (pip install -e .) and use `import qcompile.targets`."
    )
