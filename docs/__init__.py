"""The documents, and what draws those that follow from the code."""
