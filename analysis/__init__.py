"""Understand: everything that reads facts and says what they mean.

Its derived tables (comment scores, score cells) can be thrown away and rebuilt at will; its records
(published cells, radar evaluations) say what was shown and never change. Nothing here writes a fact
of a real programme; the demo (`simulator/`) makes its own.

Leaves (standard library only) <- models <- queries, builders <- edges (`web`, `cli`, `jobs`).
"""
