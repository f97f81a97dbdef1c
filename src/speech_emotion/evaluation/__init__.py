"""How good a model is on voices that it has not heard, and how sure that is."""
