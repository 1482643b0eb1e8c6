"""schemathesis over both official documents against both running servers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
import schemathesis
import talq_official
from hypothesis import HealthCheck, Phase, given, seed, settings
from servers import free_port
from story.city import City

from protocol import talq

pytestmark = pytest.mark.skipif(not talq_official.present(), reason=talq_official.REASON)

# Used though no document lists them, with the error list as body (BEHAVIOUR, the last part).
UNLISTED = (401, 403, 405, 408, 413, 415)
# T8 has 404 for what is not there; of the operations with an address this one's list has none.
FORGOTTEN = {("put", "/device-classes/{className}"): 404}
EXAMPLES, EXAMPLES_SOAK = 4, 150
SEED = 20261121


class Target:
    """A side's server, and the address that it knows its peer by."""

    def __init__(self, side: str, base_uri: str, sender: str) -> None:
        self.base_uri = base_uri
        self.sender = sender
        document = talq_official.bundled(side)
        # Paths are built from text, and a body may then hold anything; the servers must cope.
        self.schema = schemathesis.openapi.from_dict(document)
        self.http = httpx.Client(timeout=30.0, trust_env=False)

    def operations(self) -> list[Any]:
        return [cast(Any, found).ok() for found in self.schema.get_all_operations()]

    def send(self, case: Any) -> httpx.Response:
        """The case with a sender that may ask; everything else is as it was generated."""
        case.query = {**(case.query or {}), "clientAddress": self.sender}
        if "talqRequestId" in case.query:
            case.query["talqRequestId"] = str(uuid.uuid4())
        case.headers = {**(case.headers or {}), talq.VERSION_HEADER: talq.API_VERSION}
        words = case.as_transport_kwargs(base_url=self.base_uri)
        words = {k: v for k, v in words.items() if k in (
            "method", "url", "params", "headers", "json", "data")}  # fmt: skip
        content = words.pop("data", None)
        if content is not None:
            words["content"] = content
        return self.http.request(**words)


def judge(operation: Any, case: Any, answer: httpx.Response) -> None:
    """No server error, no answer outside its schema."""
    assert answer.status_code < 500, answer.text
    documented = {int(code) for code in operation.definition.raw["responses"]}
    forgotten = FORGOTTEN.get((operation.method, operation.path))
    if answer.status_code in (*UNLISTED, forgotten) and answer.status_code not in documented:
        assert talq.check("[TALQErrorMessage]", answer.json()) == []
        return
    assert answer.status_code in documented, (answer.status_code, answer.text)
    if answer.content:
        operation.validate_response(schemathesis.Response.from_httpx(answer, verify=False))
    if answer.status_code >= 400:
        assert talq.check("[TALQErrorMessage]", answer.json()) == []


def fuzz(target: Target, operation: Any, examples: int) -> None:
    @seed(SEED)
    @settings(
        max_examples=examples, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        judge(operation, case, target.send(case))

    one()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = City(tmp_path_factory.mktemp("fuzzed"), lamps=2, bays=1)
    made.start()
    yield made
    made.stop()


def attached(city: City) -> tuple[str, str]:
    """A gateway attached to the CMS: its address, and that of the CMS."""
    base, sender = city.ready["cms_talq"], talq.NIL
    uri = f"http://127.0.0.1:{free_port()}"
    gateway = {
        "id": "gw", "type": "GatewayFunction",
        "cmsUri": {"type": "AttributeUri", "value": base},
        "gatewayUri": {"type": "AttributeUri", "value": uri},
        "cmsAddress": {"type": "AttributeString"}, "gatewayAddress": {"type": "AttributeString"},
    }  # fmt: skip
    device = {"address": talq.NIL, "name": "fuzz", "class": "fuzz", "functions": [gateway]}
    described = {"name": "fuzz", "functions": [{"functionId": "gw", "type": "GatewayFunction"}]}

    def say(method: str, path: str, body: Any) -> Any:
        query = {"clientAddress": sender, "talqRequestId": str(uuid.uuid4())}
        answer = httpx.request(method, base + path, params=query, json=body, trust_env=False,
                               headers={talq.VERSION_HEADER: talq.API_VERSION})  # fmt: skip
        answer.raise_for_status()
        return answer.json() if answer.content else None

    function = say("POST", "/devices", [device])[0]["functions"][0]
    sender = function["gatewayAddress"]["value"]
    own = {**device, "address": sender, "functions": [function]}
    say("POST", "/device-classes", [described])
    say("PATCH", f"/devices/{sender}", own)
    say("POST", "/services", [])
    say("POST", "/device-classes", [])
    return sender, function["cmsAddress"]["value"]


@pytest.fixture(scope="module")
def addresses(small: City) -> tuple[str, str]:
    return attached(small)


@pytest.mark.parametrize("side", ["cms", "gateway"])
def test_no_answer_leaves_the_official_documents(
    small: City, addresses: tuple[str, str], side: str
) -> None:
    sender = addresses[0] if side == "cms" else addresses[1]
    target = Target(side, small.ready[f"{side}_talq"], sender)
    with target.http:
        operations = target.operations()
        assert len(operations) == len(talq.operations(side))
        for operation in operations:
            fuzz(target, operation, EXAMPLES)


@pytest.mark.slow
@pytest.mark.parametrize("side", ["cms", "gateway"])
def test_no_answer_of_many_leaves_the_official_documents(
    small: City, addresses: tuple[str, str], side: str
) -> None:
    sender = addresses[0] if side == "cms" else addresses[1]
    target = Target(side, small.ready[f"{side}_talq"], sender)
    with target.http:
        for operation in target.operations():
            fuzz(target, operation, EXAMPLES_SOAK)
