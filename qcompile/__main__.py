"""``python -m qcompile`` is ``qcompile``."""

from qcompile.cli import main

if __name__ == "__main__":
    main()
