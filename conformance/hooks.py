"""Calls the upper tester: the product's hook URLs, or the commands that the laboratory owns."""

import os
import queue
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from conformance.model.endpoint import HookCommand, HookUrl
from conformance.model.hooks import HOOKS
from conformance.model.transcript import Ending, Exchange, Grant, ServiceAnswer

_SHOWN_BYTES = 500
_GOING_S = 5.0
_PLACE = re.compile(r"\{([a-z_]+)\}")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 1.0


def call_hook(
    name: str,
    arguments: Mapping[str, str | int | float | bool],
    *,
    urls: Mapping[str, HookUrl],
    commands: Mapping[str, HookCommand],
    folder: Path,
    serving: Callable[[], bool],
) -> Exchange:
    """Ask for the hook `name` and wait until the product is ready again as its contract says.

    The laboratory's command goes before the product's URL. `serving` tells whether the service check is served.
    The exchange's answer is GRANTED once the product is ready, DENIED with the reason otherwise; nothing is raised.
    """
    begun = time.monotonic()
    command, url = commands.get(name), urls.get(name)
    if command is not None:
        deadline = begun + command.deadline_s
        trouble = _run(command, arguments, folder)
    elif url is not None:
        deadline = begun + url.deadline_s
        trouble = _post(url, arguments)
    else:
        deadline, trouble = begun, f"no hook {name} is defined"
    ready = HOOKS[name].ready
    if trouble is None and ready == "restart":
        # The old process may answer a moment longer; a hook that waited for the restart is past that already.
        _wait(lambda: not serving(), time.monotonic() + min(_GOING_S, (deadline - begun) / 4))
    if trouble is None and ready != "done" and not _wait(serving, deadline):
        trouble = f"the product does not serve again within {deadline - begun:.0f} s"
    grant = Grant.GRANTED if trouble is None else Grant.DENIED
    native = f"hook {name}: {trouble or 'done'}"
    return Exchange(
        ending=Ending.OURS,
        duration_s=round(time.monotonic() - begun, 6),
        answer=ServiceAnswer(grant=grant, native=native),
    )


def _run(command: HookCommand, arguments: Mapping[str, str | int | float | bool], folder: Path) -> str | None:
    argv = [_filled(part, arguments) for part in command.argv]
    with tempfile.TemporaryFile() as errors:
        try:
            # A session of its own, so that whatever the command started is ended with it.
            child = subprocess.Popen(
                argv,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return f"{argv[0]} cannot be started: {error}"
        try:
            status = child.wait(command.deadline_s)
        except subprocess.TimeoutExpired:
            return f"no end within {command.deadline_s:g} s"
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        if status == 0:
            return None
        errors.seek(0)
        said = errors.read(_SHOWN_BYTES).decode("utf-8", "replace").strip()
        return f"exit status {status}{': ' if said else ''}{said}"


def _filled(part: str, arguments: Mapping[str, str | int | float | bool]) -> str:
    return _PLACE.sub(lambda place: str(arguments.get(place[1], place[0])), part)


def _post(url: HookUrl, arguments: Mapping[str, str | int | float | bool]) -> str | None:
    """POST on a thread of its own: the deadline is for the whole answer, however slowly it drips."""
    told: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=lambda: told.put(_posted(url, arguments)), daemon=True).start()
    try:
        return told.get(timeout=url.deadline_s)
    except queue.Empty:
        return f"no answer within {url.deadline_s:g} s"


def _posted(url: HookUrl, arguments: Mapping[str, str | int | float | bool]) -> str | None:
    import requests  # noqa: PLC0415  0.1 s that only hooks pay

    with requests.Session() as session:
        session.trust_env = False
        try:
            with session.post(
                url.url, json=dict(arguments), timeout=url.deadline_s, allow_redirects=False, stream=True
            ) as answer:
                return None if answer.ok and not answer.is_redirect else f"HTTP {answer.status_code}"
        except requests.RequestException as error:
            return type(error).__name__


def _wait(serving: Callable[[], bool], deadline: float) -> bool:
    pause = _FIRST_PAUSE_S
    while not serving():
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE_S)
    return True
