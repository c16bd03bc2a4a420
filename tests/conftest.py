"""Programs nobody here wrote: a test that needs one is a counted skip without it, or a failure where all are wanted."""

import os
import shutil
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Return the path of a program by its name, which is its Debian package's name, too."""

    def look(name: str) -> str:
        found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
        if found is None:
            sentence = f"{name} is not installed (Debian package {name})"
            if os.environ.get("MGCC_REQUIRE_PEERS") == "1":
                pytest.fail(f"{sentence}, and MGCC_REQUIRE_PEERS=1 wants every peer")
            pytest.skip(sentence)
        return found

    return look
