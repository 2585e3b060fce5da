"""Objects in: the store and the sources that fill it."""
