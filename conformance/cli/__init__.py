"""The command `mgcc`: reads its arguments, calls the one subcommand that was asked for, and prints."""

import argparse
import os
import sys
from collections.abc import Sequence

from conformance.model.problem import ProblemError
from conformance.model.text import Language

EXIT_BAD_INPUT = 3
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (absent: the process's own) and return its exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    language = Language(arguments.lang) if arguments.lang else language_of_locale()
    arguments.language = language
    try:
        code: int = arguments.call(arguments)
        sys.stdout.flush()
    except ProblemError as problem:
        print(problem.in_(language), file=sys.stderr)
        return EXIT_BAD_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except OSError as problem:
        place = f"{problem.filename}: " if problem.filename else ""
        print(f"{place}{problem.strerror or problem}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return code


def language_of_locale() -> Language:
    """Return Japanese where the locale's messages are Japanese, else English."""
    locale = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return Language.JA if locale.lower().startswith("ja") else Language.EN


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are one line and end with the code for bad input."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: {message} ({self.prog} --help)\n")


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
    from conformance.cli import editors  # noqa: PLC0415  the subcommands import this package

    parser = _Parser(prog="mgcc", description="May this microgrid management system be connected?")
    parser.add_argument("--lang", choices=[*Language], help="language of messages (default: from the locale)")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version of the suite")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    editors.register(subparsers)
    return parser
