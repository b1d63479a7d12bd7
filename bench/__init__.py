"""Benchmarks: each measures a thing beside its floor in the same run, and names the ratio to reach."""
