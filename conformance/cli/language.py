"""Decides in which language the command speaks."""

import argparse
import os
from collections.abc import Callable

from conformance.model.text import Language


def language_option(*, top: bool = False) -> argparse.ArgumentParser:
    """Return a parent parser with `--lang`; a subcommand's wins over the one before it (`top`)."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--lang",
        dest="language",
        choices=[language.value for language in Language],
        default=None if top else argparse.SUPPRESS,
        help="language of messages (default: from the locale)",
    )
    return parent


def bilingual_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> Callable[..., argparse.ArgumentParser]:
    """Return what adds a subcommand to `commands`: name and help; it takes `--lang` after its name, too."""

    def add(name: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002  argparse's own word
        return commands.add_parser(name, help=help, description=help, parents=[language_option()])

    return add


def chosen_language(option: str | None) -> Language:
    """Return the language of the option, or else Japanese where the locale's messages are Japanese, or English."""
    if option is not None:
        return Language(option)
    locale = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return Language.JA if locale.lower().startswith("ja") else Language.EN
