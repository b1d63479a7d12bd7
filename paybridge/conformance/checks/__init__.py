"""The checks: each function that begins with `check_` is one promise, and its docstring says which."""
