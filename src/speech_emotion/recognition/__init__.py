"""To use a model: on a file, on many files, window by window."""
