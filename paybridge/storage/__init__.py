"""Tables, the book and the writer: the only package that knows SQL."""
