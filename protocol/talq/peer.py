"""The other side's server, called through its generated client. The one part that does I/O."""

from __future__ import annotations

import importlib
import re
import ssl
import uuid
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from .codec import decode
from .errors import Fault
from .operations import Operation, operations
from .requests import API_VERSION

if TYPE_CHECKING:
    import httpx

_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])")


class Reply(NamedTuple):
    """An answer: its status, its body as it came, and the id of the request it answers."""

    operation: Operation
    status: int
    body: bytes
    headers: Mapping[str, str]
    request_id: str

    def read(self) -> Any:
        """The checked object of a success, None when it has no body. TalqError if it is broken."""
        if self.operation.response is None or not self.body:
            return None
        return decode(self.operation.response, self.body)

    def faults(self) -> list[Fault]:
        """The errors that a refusal lists. TalqError if the list is broken."""
        told = decode("[TALQErrorMessage]", self.body)
        return [
            Fault(
                self.status,
                one["key"],
                one.get("description", ""),
                "",
                tuple(
                    (ref["address"]["resource"], ref["address"]["address"])
                    for ref in one.get("references", ())
                ),
            )
            for one in told
        ]


class Peer:
    """Calls the server of one side ("cms" or "gateway") over one kept-alive connection pool.

    Failures of the network come as httpx.HTTPError; an answer of any status is a Reply.
    """

    def __init__(
        self,
        side: str,
        base_uri: str,
        *,
        answer_s_max: float = 10.0,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self._httpx = importlib.import_module("httpx")
        self._package = f"{__package__}.client_{side}"
        client = importlib.import_module(f"{self._package}.client")
        self._operations = {one.operation_id: one for one in operations(side)}
        self._client = client.Client(
            base_url=base_uri.rstrip("/"),
            timeout=self._httpx.Timeout(answer_s_max),
            verify_ssl=verify,
            # Both ends are addressed directly; a proxy of the environment would see the keys.
            httpx_args={"trust_env": False},
        )

    async def call(
        self,
        operation_id: str,
        *path: str,
        body: Any = None,
        sender: str | None = None,
        origin: str | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Reply:
        """One request: `path` are the path's parameters in order, `body` a plain object.

        sender: our address (None only in the first announcement). origin: the request that
        caused this one. query: further parameters by their TALQ names.
        """
        operation = self._operations[operation_id]
        arguments = {snake(name): value for name, value in (query or {}).items()}
        request_id = uuid.uuid4()
        arguments |= {"talq_api_version": API_VERSION, "talq_request_id": request_id}
        if sender is not None:
            arguments["client_address"] = sender
        if origin is not None:
            arguments["talq_origin_request_id"] = origin
        if operation.request:
            arguments["body"] = self._model(operation.request, body)
        endpoint = self._endpoint(operation)
        try:
            answer = await endpoint.asyncio_detailed(*path, client=self._client, **arguments)
        except ValueError as error:
            # Generated code knows only registered statuses; a stranger may answer 299.
            raise self._httpx.RemoteProtocolError(str(error)) from error
        return Reply(
            operation, int(answer.status_code), answer.content, answer.headers, str(request_id)
        )

    async def close(self) -> None:
        """Closes the connections."""
        http: httpx.AsyncClient = self._client.get_async_httpx_client()
        await http.aclose()

    def _endpoint(self, operation: Operation) -> ModuleType:
        tag = operation.path.split("/")[1].replace("-", "_")
        return importlib.import_module(
            f"{self._package}.api.{tag}.{snake(operation.operation_id)}"
        )

    def _model(self, kind: str, body: Any) -> Any:
        models = importlib.import_module(f"{self._package}.models")
        make = getattr(models, kind.strip("[]")).from_dict
        return [make(one) for one in body] if kind.startswith("[") else make(body)


def snake(name: str) -> str:
    """A name of TALQ as generated code writes it: `getDevices` as `get_devices`."""
    return _WORD_STARTS.sub("_", name).lower()
