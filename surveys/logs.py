"""Where log lines go: one line each on standard error, with time, level and module.

Lines hold ids and counts; never a token, an address or a text. The access log of the web server is
off, since its paths would hold tokens.
"""

import logging

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def set_up_logging() -> None:
    """Send this program's lines to standard error, unless somebody has decided otherwise."""
    logging.basicConfig(level=logging.INFO, format=FORMAT)
    for noisy in ("apscheduler", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
