"""The command `mgcc`: reads its arguments, calls the one subcommand that was asked for, and prints."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from conformance.cli.exit_codes import ExitCode
from conformance.cli.language import chosen_language, language_option
from conformance.evidence import EvidenceError
from conformance.model.problem import ProblemError, SuiteBrokenError

EXIT_BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (absent: the process's own) and return its exit code."""
    arguments = _parser().parse_args(argv)
    language = chosen_language(arguments.language)
    try:
        code: int = arguments.run(arguments, language)
        sys.stdout.flush()
    except ProblemError as problem:
        print(problem.in_(language), file=sys.stderr)
        return ExitCode.BAD_INPUT
    except (EvidenceError, SuiteBrokenError) as problem:
        print(problem, file=sys.stderr)
        return ExitCode.SUITE_BROKE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except OSError as problem:
        place = f"{problem.filename}: " if problem.filename else ""
        print(f"{place}{problem.strerror or problem}", file=sys.stderr)
        return ExitCode.BAD_INPUT
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return code


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
