"""Benchmarks: one module each, run by `python3 dev.py bench NAME`; each prints one JSON line."""
