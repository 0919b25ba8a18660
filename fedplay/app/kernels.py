"""The kernel processes of the pages: how they start, what they are told, and when they end."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import sysconfig
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.ioloop import IOLoop

import fedplay
from fedplay.app import surroundings
from fedplay.app.kernel import last_words
from fedplay.app.terminal import say

KERNEL = "python3"
HERE = Path(__file__).parent
UNCLAIMED = 180  # s; a kernel ends whose page was sent but never came back with its websocket
WAITING = 3  # kernels of pages that have left without a word, which may only sleep


class ThisInterpreter(KernelSpecManager):
    """Kernel specification of the running interpreter, with this fedplay."""

    @property
    def folder(self) -> Path:
        return Path(self.parent.connection_dir_root)  # type: ignore[union-attr]

    def find_kernel_specs(self) -> dict[str, str]:
        return {KERNEL: str(HERE)}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        if kernel_name != KERNEL:
            raise NoSuchKernel(kernel_name)
        return KernelSpec(
            # -P: the folder that it runs in is no place to import from
            argv=[sys.executable, "-P", "-m", "fedplay.app.kernel", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
            env=_environment(self.folder),
            metadata={"supported_encryption": ["curve"]},
        )

    def get_all_specs(self) -> dict[str, Any]:
        spec = self.get_kernel_spec(KERNEL)
        return {KERNEL: {"resource_dir": str(HERE), "spec": spec.to_dict()}}


def _environment(folder: Path) -> dict[str, str]:
    environment = {"FEDPLAY_NODELAY": "1"} | surroundings.of_kernel(folder)
    root = str(Path(fedplay.__file__).parents[1])
    if root not in sysconfig.get_paths().values():  # run from a checkout that is not installed
        old = os.environ.get("PYTHONPATH")
        environment["PYTHONPATH"] = root if not old else os.pathsep.join([root, old])
    if site.ENABLE_USER_SITE:  # packages are found there, whatever becomes of HOME
        environment["PYTHONUSERBASE"] = site.getuserbase()
    return environment


class Kernels(AsyncMappingKernelManager):
    """Starts kernels, and ends those whose page has gone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._claimed: set[str] = set()  # a page has been connected
        self._left: list[str] = []  # and is no longer, the oldest first
        self._broken: set[str] = set()  # the process ended by itself

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        # What a kernel says before it has a file of its own for that is not for this terminal.
        options |= dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
        kernel_id: str = await super().start_kernel(**options)
        self.add_restart_callback(kernel_id, partial(self._ended, kernel_id), "restart")
        return kernel_id

    def why_it_ended(self, kernel_id: str) -> str:
        """The last thing that a kernel said; empty if it still runs, or said nothing."""
        return last_words(self.get_kernel(kernel_id).connection_file) if kernel_id in self else ""

    def is_whole(self, kernel_id: str) -> bool:
        return kernel_id in self and kernel_id not in self._broken

    async def end(self, kernel_id: str) -> None:
        """End a kernel now, if it is still there."""
        if kernel_id in self:
            await super().shutdown_kernel(kernel_id, now=True)  # type: ignore[no-untyped-call]
        self._claimed.discard(kernel_id)
        self._broken.discard(kernel_id)
        self._left = [other for other in self._left if other != kernel_id]

    async def shutdown_all(self, **_: object) -> None:  # type: ignore[override]
        """End all kernels now. One that could not start is no reason to leave another."""
        for kernel_id in self.list_kernel_ids():
            await self.end(kernel_id)

    async def make_room(self) -> None:
        """End the kernels that have waited longest for their pages, so that few do."""
        for kernel_id in self._left[: -WAITING or None]:
            await self.end(kernel_id)

    def expect(self, kernel_id: str) -> None:
        """Note that a page was sent; its kernel ends unless the page connects soon."""

        async def end() -> None:
            if kernel_id not in self._claimed:
                await self.end(kernel_id)

        IOLoop.current().call_later(UNCLAIMED, end)

    def notify_connect(self, kernel_id: str) -> None:
        super().notify_connect(kernel_id)  # type: ignore[no-untyped-call]
        self._claimed.add(kernel_id)
        self._left = [other for other in self._left if other != kernel_id]

    def notify_disconnect(self, kernel_id: str) -> None:
        super().notify_disconnect(kernel_id)  # type: ignore[no-untyped-call]
        if kernel_id in self and not self._kernel_connections.get(kernel_id):
            self._left.append(kernel_id)

    def _ended(self, kernel_id: str) -> None:
        """Once for each kernel, as what is started in its place has no Playground."""
        if kernel_id not in self._broken:
            reason = self.why_it_ended(kernel_id)
            say("The process behind a page has ended" + (f" ({reason})" if reason else "") + ".")
        self._broken.add(kernel_id)
