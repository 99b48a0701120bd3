"""Bit-packed kernels: one file per kernel, named ``<what>_<weights>_<inputs>``.

Installed as ``qcompile.kernels`` (the folder stands at the top of the
repository; ``kernels`` alone is another project's import name).
"""

if __name__ != "qcompile.kernels":
    raise ImportError(
        f"this package was imported as {__name__!r}; it is part of qcompile: "
        "install the project (pip install -e .) and use `import qcompile.kernels`."
    )
