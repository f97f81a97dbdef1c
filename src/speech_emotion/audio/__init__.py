"""Sound: any file to mono 16 kHz, whole, in blocks or in windows; and whole trees of files."""
