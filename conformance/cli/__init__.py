"""The command `mgcc`: reads its arguments, calls the one subcommand that was asked for, and prints."""

import argparse
import gc
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import NoReturn

from conformance.cli.exit_codes import ExitCode
from conformance.cli.language import chosen_language, language_option
from conformance.evidence import DiskRefusedError
from conformance.model.problem import ProblemError, SuiteBrokenError
from conformance.model.text import Language, Text

EXIT_BROKEN_PIPE = 141

_OBJECTS_BETWEEN_COLLECTIONS = 20_000  # a start makes many objects that stay and few cycles: a twentieth of its time

_BROKE = Text(
    en="The suite itself broke (see above); nothing follows from it for the product. Please report it.",
    ja="試験系自体に異常がありました（上記参照）。製品の判定には影響しません。報告をお願いします。",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (absent: the process's own) and return its exit code."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    arguments = _parser().parse_args(argv)
    language = chosen_language(arguments.language)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    try:
        code = int(arguments.run(arguments, language))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_BROKEN_PIPE
    except (ProblemError, SuiteBrokenError, OSError) as problem:
        print(_said(problem, language), file=sys.stderr)
        code = ExitCode.SUITE_BROKE if isinstance(problem, DiskRefusedError | SuiteBrokenError) else ExitCode.BAD_INPUT
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except Exception:  # noqa: BLE001  the exit code must never read as a verdict
        traceback.print_exc()
        print(_BROKE.in_(language), file=sys.stderr)
        code = ExitCode.SUITE_BROKE
    return code


def _said(problem: Exception, language: Language) -> str:
    if isinstance(problem, ProblemError):
        return problem.in_(language)
    if isinstance(problem, OSError):
        return f"{problem.filename or ''}: {problem.strerror or problem}".removeprefix(": ")
    return str(problem)


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are one line and end with the code for bad input."""

    def error(self, message: str) -> NoReturn:
        self.exit(ExitCode.BAD_INPUT, f"{self.prog}: {message} -> {self.prog} --help\n")


class _Version(argparse.Action):
    """Prints the version of the suite; looked up only when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_arguments: object) -> None:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  costs time at every start

        try:
            found = version("mgcc")
        except PackageNotFoundError:
            found = "(not installed)"
        print(f"mgcc {found}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    from conformance.cli import bundled, editors, laboratory, running, stored  # noqa: PLC0415  they import this package

    parser: argparse.ArgumentParser = _Parser(
        prog="mgcc",
        description="May this microgrid management system be connected?",
        parents=[language_option(top=True)],
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version of the suite")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for group in (bundled, running, stored, laboratory, editors):
        group.register(commands)
    return parser
