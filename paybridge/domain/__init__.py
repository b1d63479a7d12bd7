"""Pure rules about money: no I/O, no clock, no randomness."""
