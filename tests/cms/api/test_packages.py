from __future__ import annotations

import pytest
from cms_rig import Cms

from protocol import talq

SAID = {"release_id": "2", "download_uri": "http://packages.test/node-2"}


async def test_p1_every_gateway_is_asked_to_install_a_release(attached: Cms) -> None:
    before = len(await attached.calls())
    answer = await attached.ask("PUT", "/packages/node", SAID)
    assert answer.status_code == 200, answer.text
    ((operation, body),) = (await attached.calls())[before:]
    assert operation == "upgradeDataPackages"
    assert talq.check("[DataPackage]", body) == []
    found = await attached.get("/packages")
    assert [(row["id"], row["release_id"]) for row in found["items"]] == [("node", "2")]
    told = await attached.talq("GET", "/data-packages/node")
    assert told.json() == body[0]
    assert (await attached.talq("GET", "/data-packages")).json() == body
    assert (await attached.talq("GET", "/data-packages/no")).status_code == 404


@pytest.mark.parametrize(
    "change", [{"download_uri": "ftp://x"}, {"release_id": ""}, {"extra": 1}, {"release_id": 2}]
)
async def test_a_package_that_cannot_be_fetched_is_refused(
    attached: Cms, change: dict[str, object]
) -> None:
    answer = await attached.ask("PUT", "/packages/node", SAID | change)
    assert answer.status_code == 422
    assert (await attached.get("/packages"))["total"] == 0


async def test_a_viewer_may_not_install(attached: Cms) -> None:
    answer = await attached.ask("PUT", "/packages/node", SAID, role="viewer")
    assert answer.status_code == 403
