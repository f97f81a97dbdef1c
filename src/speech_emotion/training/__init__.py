"""Models from feature tables: one, or the best of many."""
