"""Stages from a process that has imported what is slow to import.

`python -m stages.X` takes one to four seconds before it begins, most of them to import Keras, JAX, pandas and
scikit-learn, and a full run starts some 280 stages and 140 replicas. `run_warm` runs a command, such as `dvc repro`,
beside a server that has imported them, and each stage that the command starts has itself forked from there. A stage
stays what it is: a process with the words, folder, environment and terminal that it was started with.

It needs Linux. A stage whose code lies elsewhere, or was edited since the server began, is started in the usual way.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import Any, cast

from stages.runtime.processes import LINUX, end_with_parent
from stages.runtime.tricks import tricks_enabled

ADDRESS = "RECUR_WARM"  # the environment variable that names the server's socket
LIBRARIES = ("pandas", "pyarrow.parquet", "scipy.stats", "sklearn.linear_model", "tokenizers", "joblib")
ROOMS = ("config", "data", "evaluation", "models", "nn", "tasks", "training")  # imported with all that they hold
PACKAGE = Path(__file__).parents[1]
REFUSED = b"refused"
LARGEST = 1 << 18  # bytes of a request


# --- In a stage that is started ---


def start_warm() -> None:
    """Have the server run this process's `python -m stages.X`, and exit as it does; return if there is no server."""
    words = sys.orig_argv[sys.orig_argv.index("-m") + 1 :]
    environment = {name: value for name, value in os.environ.items() if name != ADDRESS}
    request = {"words": words, "folder": str(Path.cwd()), "environment": environment, "package": str(PACKAGE)}
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(os.environ[ADDRESS])
        socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
    except OSError:  # no server any more, or too much to say
        return
    end_with_parent()
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the stage as well, which decides
    answer = connection.recv(len(REFUSED))
    signal.signal(signal.SIGINT, usual)
    if answer != REFUSED:
        os._exit(int(answer or b"1"))


# --- Beside the command that starts stages ---


def run_warm(command: Sequence[str], folder: Path, environment: Mapping[str, str], show: Callable[[str], None]) -> int:
    """Run a command beside a server for its stages, which begins with the first of them; return the exit code.

    `show` is called with each line that the command or a stage prints.
    """
    options: dict[str, Any] = {"cwd": folder, "stdout": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    if not (LINUX and tricks_enabled()):
        process = subprocess.Popen(command, env=environment, **options)
        _pump(process, show).join()
        return process.wait()
    with (
        tempfile.TemporaryDirectory(prefix="recur") as scratch,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener,
    ):
        address = str(Path(scratch) / "socket")
        listener.bind(address)
        listener.listen()
        process = subprocess.Popen(command, env=dict(environment) | {ADDRESS: address}, **options)
        lines = _pump(process, show)
        code = _wait(process, listener, folder)
        lines.join()
        return code


def _pump(process: subprocess.Popen[str], show: Callable[[str], None]) -> Thread:
    """Start a thread that shows a process's lines."""

    def pump() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            show(line.rstrip("\n"))

    thread = Thread(target=pump)
    thread.start()
    return thread


def _wait(process: subprocess.Popen[str], listener: socket.socket, folder: Path) -> int:
    selector, server = selectors.DefaultSelector(), None
    done = os.pidfd_open(process.pid)
    selector.register(done, selectors.EVENT_READ)
    selector.register(listener, selectors.EVENT_READ)
    try:
        while done not in [key.fd for key, _ in selector.select()]:
            selector.unregister(listener)
            number = listener.fileno()
            server = subprocess.Popen([sys.executable, "-m", __name__, str(number)], cwd=folder, pass_fds=[number])
    finally:  # Ctrl-C reaches the command as well, which then puts its things in order
        code = process.wait()
        os.close(done)
        if server is not None:
            server.terminate()
            server.wait()
    return code


# --- The server ---


class Server:
    """Forks a process for each stage that asks, and tells it how that one ended."""

    def __init__(self, listener: socket.socket) -> None:
        """Import what is slow to import, then listen."""
        from stages.runtime.jax_setup import prepare_jax

        prepare_jax()
        self._began = time.time()
        for name in (*LIBRARIES, *_modules()):
            with contextlib.suppress(Exception):  # what cannot be imported is for the stage that needs it to say
                importlib.import_module(name)
        gc.freeze()
        self._listener, self._selector = listener, selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, None)

    def serve(self) -> dict[str, Any]:
        """Serve for ever. It returns in a process that was forked for a stage: what that one was asked to run."""
        while True:
            (key, _), *_ = self._selector.select()  # one at a time: settling a stage takes both of its events away
            if key.fileobj is not self._listener:
                self._settle(*key.data)
            elif (request := self._accept()) is not None:
                return request

    def _accept(self) -> dict[str, Any] | None:
        connection, _ = self._listener.accept()
        message, files, *_ = socket.recv_fds(connection, LARGEST, 3)
        request: dict[str, Any] = json.loads(message) if message else {"package": None}
        if request["package"] != str(PACKAGE) or self._outdated():
            with connection:
                connection.sendall(REFUSED)
        elif number := os.fork():
            ended = os.pidfd_open(number)
            for event in (ended, connection):
                self._selector.register(event, selectors.EVENT_READ, (number, ended, connection))
        else:
            self._become_stage(connection, files)
            return request
        for file in files:
            os.close(file)
        return None

    def _become_stage(self, connection: socket.socket, files: list[int]) -> None:
        connection.close()
        for opened in [key.fileobj for key in self._selector.get_map().values()]:
            os.close(opened) if isinstance(opened, int) else cast(socket.socket, opened).close()
        self._selector.close()
        for standard, file in enumerate(files):
            os.dup2(file, standard)
            os.close(file)

    def _settle(self, number: int, ended: int, connection: socket.socket) -> None:
        """Tell the one who asked how its stage ended; end the stage if that one is gone."""
        self._selector.unregister(ended)
        self._selector.unregister(connection)
        with connection:
            if not select.select([ended], [], [], 0)[0]:
                os.kill(number, signal.SIGTERM)
            code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
            with contextlib.suppress(OSError):  # nobody may listen
                connection.sendall(str(code if code >= 0 else 128 - code).encode())
        os.close(ended)

    def _outdated(self) -> bool:
        return any(path.stat().st_mtime >= self._began for path in PACKAGE.rglob("*.py"))


def _modules() -> Iterator[str]:
    for room in ROOMS:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            if path.name != "__init__.py":
                yield ".".join(("stages", *path.relative_to(PACKAGE).with_suffix("").parts))


def main() -> None:
    """Serve at the listening socket whose number is given, and run as a stage in each process forked for one."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # JAX warns of every fork; here it is imported, but has not begun to work and has no threads yet.
    warnings.filterwarnings("ignore", message=r".*fork\(\)")
    request = Server(socket.socket(fileno=int(sys.argv[1]))).serve()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    module, *words = request["words"]
    sys.argv, sys.orig_argv = [module, *words], [sys.executable, "-m", module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
