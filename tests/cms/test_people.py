from __future__ import annotations

import pytest

from cms.people import ROLES, Person, digest


@pytest.mark.parametrize("mine", ROLES)
@pytest.mark.parametrize("wanted", ROLES)
def test_a_role_may_what_weaker_roles_may(mine: str, wanted: str) -> None:
    assert Person("x", mine).may(wanted) is (ROLES.index(mine) >= ROLES.index(wanted))


def test_of_a_token_only_a_digest_is_known() -> None:
    assert digest("secret") == digest("secret") != digest("secret2")
    assert "secret" not in digest("secret")
    assert len(digest("")) == 64
