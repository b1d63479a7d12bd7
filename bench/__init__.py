"""Benchmarks: each measures something beside its floor in the same run, and states the ratio it must reach."""
