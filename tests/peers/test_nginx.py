"""What the whole suite finds on nginx, well configured and badly, against the checked-in table."""

import pytest
from expectation_table import differences, load_table
from peer_campaign import VerdictsOf
from peer_server import NGINX

TABLE = load_table("nginx")


@pytest.mark.parametrize("configuration", [f"nginx/{name}" for name in ("good", *TABLE.bad)])
def test_every_item_has_the_verdict_of_the_table(configuration: str, verdicts_of: VerdictsOf) -> None:
    NGINX.path()

    found = differences(TABLE.expected(configuration.partition("/")[2]), verdicts_of(configuration))

    assert not found, "\n".join(found)
