"""The kernel process of a page: `python -P -m fedplay.app.kernel -f FILE`, where FILE says where.

An IPython kernel that reads no settings, runs no start-up files and keeps no history. What it, or
a library that breaks it, writes to its terminal goes to a file beside FILE: see `last_words`.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path


def last_words(connection_file: str | Path) -> str:
    """The last line that a kernel wrote to its terminal; empty where it wrote none."""
    try:
        with _log(connection_file).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 4096))
            lines = log.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _log(connection_file: str | Path) -> Path:
    return Path(connection_file).with_suffix(".log")


def main(connection_file: str) -> None:
    """Run the kernel until its page, or the app, ends it."""
    log = os.open(_log(connection_file), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)

    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    class Kernel(IPKernelApp):
        def load_config_file(self, *_: object) -> None:
            """Settings of other notebooks are none of this one."""

        def init_code(self) -> None:
            """Nothing runs before the notebook's own cell."""

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShellApp.ignore_cwd = True
    # Its log is for those who write kernels: what is kept are the words of an end.
    config.Application.log_level = logging.CRITICAL
    Kernel.launch_instance(argv=["-f", connection_file], config=config)


if __name__ == "__main__":
    main(sys.argv[-1])
