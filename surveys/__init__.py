"""Collect: everything that writes facts.

Who is asked, what, when, what they said, what was mailed. Accounts and mail live here too, because
the top level has only two packages: what collects (`surveys`) and what understands (`analysis`).

Leaves (standard library only) <- models <- operations <- edges (`web`, `cli`, `jobs`). An edge
never imports another edge, and nothing here imports `analysis`.
"""
