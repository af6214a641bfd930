"""The web server: gunicorn with threads, told by arguments instead of a configuration file."""

import gc
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication


def serve(app: Flask, *, bind: str, workers: int, threads: int) -> None:
    """Serve an application until a signal ends it."""
    settle_memory()
    _Server(app, bind=bind, workers=workers, threads=threads).run()


def settle_memory() -> None:
    """Leave what is loaded by now out of later garbage collections.

    A full collection otherwise walks every module and statement for a tenth of a second, while
    somebody waits for a page; and each worker would copy the pages of memory that it shares.
    """
    gc.collect()
    gc.freeze()


class _Server(BaseApplication):  # type: ignore[misc] # the library has no types
    def __init__(self, app: Flask, **options: Any) -> None:
        self._app = app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "worker_class": "gthread",
            # Paths hold tokens, so there is no access log.
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "proc_name": "pulse web",
        }
        for name, value in (settings | self._options).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app
