"""A hook is asked once, within its deadline and without a shell; a failed hook accuses nobody."""

import json
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hook_server import drips, says, silent, upper_tester

from conformance.hooks import call_hook
from conformance.model.endpoint import HookCommand, HookUrl
from conformance.model.transcript import Exchange, Grant

OK = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
BOUNDED_S = 5.0
WRITE_ARGUMENTS = "import json, sys; json.dump(sys.argv[1:], open('called.json', 'w'))"


@pytest.fixture
def call(tmp_path: Path) -> Callable[..., Exchange]:
    """Call one hook; `urls`, `commands` and `serving` as given."""

    def ask(
        name: str,
        arguments: dict[str, Any] | None = None,
        *,
        url: HookUrl | None = None,
        command: HookCommand | None = None,
        serving: Callable[[], bool] = lambda: True,
    ) -> Exchange:
        return call_hook(
            name,
            arguments or {},
            urls={name: url} if url else {},
            commands={name: command} if command else {},
            folder=tmp_path,
            serving=serving,
        )

    return ask


def python(code: str, *arguments: str, deadline_s: float = 10) -> HookCommand:
    return HookCommand(argv=(sys.executable, "-c", code, *arguments), deadline_s=deadline_s)


def denied(exchange: Exchange) -> str:
    assert exchange.answer is not None
    assert exchange.answer.grant is Grant.DENIED
    return exchange.answer.native


def granted(exchange: Exchange) -> bool:
    return exchange.answer is not None and exchange.answer.grant is Grant.GRANTED


def test_a_url_gets_the_arguments_as_json(call: Callable[..., Exchange]) -> None:
    with upper_tester(says(OK)) as (url, received):
        exchange = call("sensor-unplug", {"device": "pv-1"}, url=HookUrl(url=url))
    assert granted(exchange)
    assert received == [("POST /hooks/x HTTP/1.1", {"device": "pv-1"})]


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "HTTP 500"),
        (b"HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n", "HTTP 404"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", "HTTP 302"),
        (b"garbage\r\n\r\n", "Error"),
        (b"", "Error"),
    ],
)
def test_an_answer_that_is_no_success_is_a_failed_hook(answer: bytes, word: str, call: Callable[..., Exchange]) -> None:
    with upper_tester(says(answer)) as (url, _):
        assert word in denied(call("sensor-unplug", url=HookUrl(url=url, deadline_s=2)))


def test_a_url_where_nobody_listens_is_a_failed_hook(call: Callable[..., Exchange]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "sensor-unplug" in denied(call("sensor-unplug", url=HookUrl(url=f"http://127.0.0.1:{port}/")))


@pytest.mark.parametrize("answer", [silent, drips])
def test_a_url_is_waited_for_no_longer_than_its_deadline(
    answer: Callable[[socket.socket], None], call: Callable[..., Exchange]
) -> None:
    begun = time.monotonic()
    with upper_tester(answer) as (url, _):
        denied(call("sensor-unplug", url=HookUrl(url=url, deadline_s=0.4)))
        assert time.monotonic() - begun < BOUNDED_S


def test_an_endless_body_of_a_hook_is_not_read(call: Callable[..., Exchange]) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n"
    with upper_tester(says(head)) as (url, _):
        assert granted(call("sensor-unplug", url=HookUrl(url=url, deadline_s=2)))


def test_the_environment_has_no_say_in_how_a_hook_is_reached(
    call: Callable[..., Exchange], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    with upper_tester(says(OK)) as (url, _):
        assert granted(call("sensor-unplug", url=HookUrl(url=url)))


def test_a_command_gets_its_arguments_filled_in_and_runs_beside_the_hook_file(
    call: Callable[..., Exchange], tmp_path: Path
) -> None:
    command = python(WRITE_ARGUMENTS, "--device={device}", "{value}", "{unit}")
    arguments = {"device": "pv-1", "quantity": "power", "value": 2.5, "unit": "kW"}
    assert granted(call("measurement-inject", arguments, command=command))
    assert json.loads((tmp_path / "called.json").read_text()) == ["--device=pv-1", "2.5", "kW"]


def test_no_shell_reads_an_argument(call: Callable[..., Exchange], tmp_path: Path) -> None:
    hostile = "$(touch owned); touch owned `touch owned` | > owned\n'\""
    assert granted(call("sensor-unplug", {"device": hostile}, command=python(WRITE_ARGUMENTS, "{device}")))
    assert json.loads((tmp_path / "called.json").read_text()) == [hostile]
    assert not (tmp_path / "owned").exists()


def test_an_argument_that_looks_like_a_place_is_not_filled_in_again(
    call: Callable[..., Exchange], tmp_path: Path
) -> None:
    arguments = {"device": "{value}", "quantity": "q", "value": "planted", "unit": "u"}
    call("measurement-inject", arguments, command=python(WRITE_ARGUMENTS, "{device}"))
    assert json.loads((tmp_path / "called.json").read_text()) == ["{value}"]


def test_a_command_that_fails_is_told_with_its_words_bounded(call: Callable[..., Exchange]) -> None:
    told = denied(call("sensor-unplug", command=python("import sys; sys.stderr.write('no relay'); sys.exit(3)")))
    assert "exit status 3: no relay" in told
    long = denied(call("sensor-unplug", command=python("import sys; sys.stderr.write('x' * 10**6); sys.exit(1)")))
    assert len(long) < 1000


def test_a_command_that_is_not_there_is_told(call: Callable[..., Exchange]) -> None:
    assert "no-such-program" in denied(call("sensor-unplug", command=HookCommand(argv=("./no-such-program",))))


@pytest.mark.parametrize("argument", ["nul\0inside", "\ud800"])
def test_an_argument_that_no_program_can_take_is_a_failed_hook(argument: str, call: Callable[..., Exchange]) -> None:
    denied(call("sensor-unplug", {"device": argument}, command=python(WRITE_ARGUMENTS, "{device}")))


def test_a_command_that_does_not_end_is_ended(call: Callable[..., Exchange], tmp_path: Path) -> None:
    begun = time.monotonic()
    code = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    assert "0.5 s" in denied(call("sensor-unplug", command=python(code, deadline_s=0.5)))
    assert time.monotonic() - begun < BOUNDED_S
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()


def test_what_a_command_started_is_ended_with_it(call: Callable[..., Exchange], tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'])\n"
        "open('pid', 'w').write(str(child.pid)); time.sleep(20)"
    )
    denied(call("sensor-unplug", command=python(code, deadline_s=1)))
    child = Path(f"/proc/{(tmp_path / 'pid').read_text()}/status")
    deadline = time.monotonic() + BOUNDED_S
    while child.exists() and "zombie" not in child.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not child.exists() or "zombie" in child.read_text()


def test_the_laboratorys_command_goes_before_the_products_url(call: Callable[..., Exchange], tmp_path: Path) -> None:
    with upper_tester(says(OK)) as (url, received):
        assert granted(call("sensor-unplug", url=HookUrl(url=url), command=python(WRITE_ARGUMENTS, "x")))
    assert received == []
    assert (tmp_path / "called.json").exists()


def test_a_hook_that_nobody_defined_is_told(call: Callable[..., Exchange]) -> None:
    assert "sensor-unplug" in denied(call("sensor-unplug"))


def test_readiness_is_asked_until_the_product_serves_again(call: Callable[..., Exchange]) -> None:
    asked: list[bool] = []

    def serving() -> bool:
        asked.append(len(asked) >= 3)
        return asked[-1]

    assert granted(call("clock-set", {"offset_s": 5}, command=python("pass"), serving=serving))
    assert asked == [False, False, False, True]


def test_a_product_that_never_serves_again_is_waited_for_until_the_deadline(call: Callable[..., Exchange]) -> None:
    begun = time.monotonic()
    told = denied(call("clock-set", {}, command=python("pass", deadline_s=1), serving=lambda: False))
    assert "does not serve again" in told
    assert time.monotonic() - begun < BOUNDED_S


def test_a_hook_that_is_done_when_it_answers_asks_for_no_service(call: Callable[..., Exchange]) -> None:
    def never() -> bool:
        raise AssertionError

    assert granted(call("sensor-unplug", command=python("pass"), serving=never))


def test_after_a_restart_the_old_process_that_still_answers_is_not_taken_for_the_new_one(
    call: Callable[..., Exchange],
) -> None:
    states = iter([True, True, False, False, True])
    seen: list[bool] = []

    def serving() -> bool:
        seen.append(next(states, True))
        return seen[-1]

    assert granted(call("reboot", command=python("pass"), serving=serving))
    assert False in seen
    assert seen[-1] is True
