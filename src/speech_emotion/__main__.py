"""``python -m speech_emotion``: the command, wherever its script was installed."""

from .cli.main import main

main()
