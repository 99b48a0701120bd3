"""``python -m qcompile`` is ``qcompile``.

Signals are handled from the first line on, before anything slow is imported.
"""

from __future__ import annotations

import sys

from qcompile import signals


def main() -> None:
    """Run the command line; the exit code of a run that a signal stopped says so, whatever else happened."""
    signals.install()
    code: object = 0
    try:
        from qcompile.cli import main as command

        command()
    except SystemExit as leaving:
        code = leaving.code
    except BaseException:
        if signals.exit_code() is None:
            raise
        signals.caught()
        print(f"qcompile: {signals.sentence()}", file=sys.stderr)
    signals.reset()
    sys.exit(signals.exit_code() or code)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
