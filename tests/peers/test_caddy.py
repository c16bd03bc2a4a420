"""What the whole suite finds on Caddy, well configured and badly, against the checked-in table."""

import pytest
from expectation_table import differences, load_table
from peer_campaign import VerdictsOf
from peer_server import CADDY

TABLE = load_table("caddy")


@pytest.mark.parametrize("configuration", [f"caddy/{name}" for name in ("good", *TABLE.bad)])
def test_every_item_has_the_verdict_of_the_table(configuration: str, verdicts_of: VerdictsOf) -> None:
    CADDY.path()

    found = differences(TABLE.expected(configuration.partition("/")[2]), verdicts_of(configuration))

    assert not found, "\n".join(found)
