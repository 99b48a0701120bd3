"""Bit-packed kernels: compiled functions that compute a network's scores exactly.

    contract.py   what a network kernel defines, the forms it is given, and the slow references
    fused/        the fused two-layer kernel
    subset/       methods for its dot products, ONE FILE EACH; method.py says what a file defines
    plain/        the machine that runs any program
    generate/     generated code and its memory
    simd/         the vocabulary that generated code is written in, spelled per instruction set
    c/            C headers that the C back-end copies

Installed as ``qcompile.kernels`` (the folder stands at the top of the repository; ``kernels`` alone
is another project's import name).
"""

if __name__ != "qcompile.kernels":
    raise ImportError(
        f"this package was imported as {__name__!r}; it is part of qcompile: "
        "install the project (pip install -e .) and use `import qcompile.kernels`."
    )
