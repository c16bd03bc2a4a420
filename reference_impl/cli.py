"""The commands `init`, `serve` and `faults`: parse, call, print. Exit codes: 0 done, 2 wrong usage, 3 bad input."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

HIGHEST_PORT = 65_535


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reference_impl", description="The bundled reference MMS.")
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser("init", help="make keys and signing requests")
    init.add_argument("--home", type=Path, required=True)
    init.add_argument("--host", default="127.0.0.1", help="IP address for the signing request")
    init.add_argument("--mms-id", help="urn:uuid:...; a new one by default")
    serve = commands.add_parser("serve", help="run in the foreground")
    serve.add_argument("--home", type=Path, required=True)
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=0, help="first of three consecutive ports; 0: free ones")
    serve.add_argument("--fault", action="append", default=[], metavar="ID", help="depart from the profile; repeatable")
    serve.add_argument("--until-stdin-closes", action="store_true", help="stop when whoever started it has gone")
    serve.add_argument("--cleartext-port", type=int, default=0, help="for the fault opens-cleartext-port")
    faults = commands.add_parser("faults", help="list the faults")
    faults.add_argument("--json", action="store_true")
    return parser


def main(arguments: list[str]) -> int:
    """Runs a command; returns its exit code."""
    options = _parser().parse_args(arguments)
    from reference_impl.material import HomeError  # noqa: PLC0415 - `--help` needs none of it

    try:
        if options.command == "init":
            return _init(options)
        if options.command == "serve":
            return _serve(options)
        return _faults(as_json=options.json)
    except HomeError as error:
        sys.stderr.write(f"reference_impl: {error}\n")
        return 3
    except BrokenPipeError:
        sys.stdout = None
        return 3


def _init(options: argparse.Namespace) -> int:
    from reference_impl.home import make_home  # noqa: PLC0415 - only `init` pays for it

    identity = make_home(options.home, options.host, options.mms_id)
    sys.stdout.write(json.dumps({"home": str(options.home), "mms_id": identity}) + "\n")
    return 0


def _serve(options: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - only `serve` pays for it

    from reference_impl.material import HomeError  # noqa: PLC0415
    from reference_impl.rules import Rules  # noqa: PLC0415
    from reference_impl.server import LISTENERS, Settings, serve  # noqa: PLC0415

    for option, port, last in (
        ("--port", options.port, len(LISTENERS) - 1),
        ("--cleartext-port", options.cleartext_port, 0),
    ):
        if not 0 <= port <= HIGHEST_PORT - last:
            raise HomeError(f"{option} {port}: expected 0 to {HIGHEST_PORT - last}")
    rules = Rules()
    if options.fault:
        from reference_impl.faults import UnknownFaultError, rules_with  # noqa: PLC0415 - the faultless MMS needs none

        try:
            rules = rules_with(options.fault)
        except UnknownFaultError as error:
            raise HomeError(str(error)) from None
    settings = Settings(
        home=options.home,
        host=options.host,
        port=options.port,
        faults=tuple(options.fault),
        cleartext_port=options.cleartext_port,
        until_stdin_closes=options.until_stdin_closes,
    )
    asyncio.run(serve(settings, rules))
    return 0


def _faults(*, as_json: bool) -> int:
    from reference_impl.faults import all_faults  # noqa: PLC0415

    listed = all_faults()
    if as_json:
        sys.stdout.write(json.dumps([fault.as_dict() for fault in listed], ensure_ascii=False, indent=1) + "\n")
    else:
        width = max(len(fault.id) for fault in listed)
        for fault in listed:
            sys.stdout.write(f"{fault.id:<{width}}  {fault.criterion}  {fault.title_en}\n")
    return 0
