"""What a CMS keeps at the gateway is bounded by what the gateway announced."""

from __future__ import annotations

import pytest
from gateway_rig import Rig

from controller import library
from protocol import talq


def test_c13_a_group_beyond_the_announced_size_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(library, "GROUP_SIZE_MAX", 2)
    rig = Rig(3, 0)
    members = [{"resource": "devices", "address": rig.lamp(n)[0]} for n in range(3)]
    group = {"address": "g", "ownerCMS": "c", "members": members}
    with pytest.raises(talq.TalqError) as refused:
        rig.library.put("groups", [group], True, rig.now)
    assert refused.value.key == "serviceConstraintExceeded"
    assert rig.library.own.groups == {}
    rig.library.put("groups", [{**group, "members": members[:2]}], True, rig.now)
    with pytest.raises(talq.TalqError):
        rig.library.add_members("g", members[2:], rig.now)
    assert len(rig.library.own.groups["g"]["members"]) == 2
