"""The decision: pure functions over values; standard library and numpy only.

No I/O, no clock, no randomness, no logging. Whoever calls brings those.
"""
