"""The command as a program (``python -m speech_emotion``); what its script runs. Ctrl-C is a line from the start."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command and exit with its status."""
    try:
        from .cli.main import main as command

        command()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
