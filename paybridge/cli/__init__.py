"""Commands of the command line, a file for what belongs together; `paybridge.__main__` puts them together."""
