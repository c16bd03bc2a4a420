"""`mgcc serve` leaves no reference running when it is told to stop."""

import re
import signal
import socket
import time
from pathlib import Path

import pytest
from laboratory import PATIENCE_S, start


def listens(port: int) -> bool:
    with socket.socket() as asking:
        asking.settimeout(1)
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_reference_ends_with_the_command_that_started_it(how: signal.Signals, tmp_path: Path) -> None:
    serving = start("serve", "--folder", tmp_path / "serve")
    try:
        assert serving.stdout is not None
        said = ""
        while "mgcc run" not in said:
            line = serving.stdout.readline()
            assert line, said
            said += line
        port = int(re.findall(r":(\d+)", said)[0])
        assert listens(port)
        serving.send_signal(how)
        out, err = serving.communicate(timeout=PATIENCE_S)
    finally:
        if serving.poll() is None:
            serving.kill()
            serving.communicate()
    assert "Traceback" not in out + err
    deadline = time.monotonic() + 5
    while listens(port) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not listens(port)
