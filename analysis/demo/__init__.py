"""The demo workspace: the simulator's rows in the database, and their results by the ordinary way.

The one place on this side that writes facts, since only the loader knows both the simulator and the
tables. Cells, verdicts on comments and published results are never written by hand: the same
builders make them that the worker uses. Nothing commits; the command does, once, so that an
interrupted demo leaves nothing behind.

    filling.py   the order of everything, step by step; refuses a workspace that holds anything
    people.py    vendor, users, partners, contacts, staff
    surveys.py   the two surveys with their questionnaires, and the schedule of the next wave
    runs.py      a closed wave as it went: invitations with their marks, who was left out
    mails.py     the mails of a closed wave in their final states, bounces, opt-outs
    answers.py   responses, answers, comments, wishes to be called
    records.py   orders, and the two actions that were done
    results.py   cells, verdicts, published results of a loaded run
    current.py   the wave that is open now, opened and partly answered by the ordinary operations

Source: method of the simulator, sections 1, 7 and 8.
"""

from analysis.demo.filling import (
    Account,
    DemoRefused,
    count_steps,
    demo_account,
    fill,
    require_demo,
)

__all__ = ["Account", "DemoRefused", "count_steps", "demo_account", "fill", "require_demo"]
