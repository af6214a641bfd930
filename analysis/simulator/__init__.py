"""A simulated workspace with planted truth, for the demo, the tests and the benchmarks.

The only door of the package: `build` makes a whole workspace, `identified_sample` the small
survey with names beside it, and everything else that callers need is exported here. Standard
library only, nothing of the project: a loader elsewhere writes the rows into a database.

The same seed gives the same bytes on every machine and Python version.
Source: method of the simulator.
"""
