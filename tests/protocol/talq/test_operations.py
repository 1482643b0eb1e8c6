"""The operations of both sides come from the tables."""

from __future__ import annotations

import pytest

from protocol import talq


def test_every_official_operation_is_known_by_one_name() -> None:
    for side, count in (("cms", 98), ("gateway", 129)):
        names = [operation.operation_id for operation in talq.operations(side)]
        assert len(names) == len(set(names)) == count


def test_a_side_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="side"):
        talq.operations("lamp")


def test_the_road_of_the_bootstrap_is_answered() -> None:
    cms = {(o.method, o.path) for o in talq.operations("cms")}
    assert cms >= {
        ("POST", "/devices"), ("POST", "/device-classes"), ("PATCH", "/devices/{deviceAddress}"),
        ("POST", "/services"), ("POST", "/log-reports"), ("DELETE", "/devices/{deviceAddress}"),
    }  # fmt: skip
    gateway = {(o.method, o.path) for o in talq.operations("gateway")}
    assert gateway >= {
        ("PATCH", "/devices/{deviceAddress}"), ("POST", "/logger-configs"), ("POST", "/calendars"),
        ("POST", "/control-programs"), ("POST", "/assign-commands"),
        ("POST", "/override-commands"),
        ("GET", "/log-reports/{loggerAddress}"), ("GET", "/devices/{deviceAddress}/{functionId}"),
    }  # fmt: skip


def test_an_operation_tells_its_bodies_and_statuses() -> None:
    by_id = {o.operation_id: o for o in talq.operations("gateway")}
    patch = by_id["partialUpdateDevice"]
    assert (patch.request, patch.response, patch.partial) == ("Device", None, True)
    assert patch.statuses == (200, 202, 400, 404, 422)
    assert patch.parameters == ("deviceAddress",)
    listing = by_id["getDevices"]
    assert listing.response == "[Device]"
    assert listing.answers[0].paged
    assert ("integer", "offset") in listing.query
    assert by_id["addCalendars"].success == 201


def test_every_kind_of_an_operation_can_be_checked() -> None:
    for side in ("cms", "gateway"):
        for operation in talq.operations(side):
            for kind in (operation.request, operation.response):
                if kind and kind != "integer":
                    assert talq.check(kind, "a text is never one")
