"""Schedules and configurations on their way in: chunk by chunk, whole and checked before use."""

import hashlib

from protocol import wire


class Uploads:
    """One upload at a time; a new one replaces it. When it is whole, `content` holds it."""

    def __init__(self) -> None:
        self.content = b""
        self.digest = bytes(8)
        self._begin: wire.UploadBegin | None = None
        self._data = bytearray()
        self._have = 0

    def begin(self, message: wire.UploadBegin, stored: tuple[int, bytes]) -> wire.UploadState:
        """Start, go on, or say that it is here already; `stored`: generation, digest."""
        if stored == (message.generation, message.digest):
            return self._state(message, wire.UPLOAD_STORED)
        now = self._begin
        if now is None or (now.digest, now.kind, now.generation) != (
            message.digest, message.kind, message.generation
        ):  # fmt: skip
            self._data = bytearray(message.size)
            self._have = 0
        self._begin = message
        return self._state(message, wire.UPLOAD_RECEIVING)

    def chunk(self, message: wire.UploadChunk) -> wire.UploadState:
        """Take a chunk if it is the next one; say how much is here.

        With status UPLOAD_STORED the whole is in `content`, for the caller to check and store.
        """
        begin = self._begin
        if begin is None or (begin.kind, begin.generation) != (message.kind, message.generation):
            return wire.UploadState(
                kind=message.kind, generation=message.generation, status=wire.UPLOAD_NONE
            )
        size = len(message.data)
        if message.offset == self._have and self._have + size <= begin.size:
            self._data[self._have : self._have + size] = message.data
            self._have += size
        if self._have < begin.size:
            return self._state(begin, wire.UPLOAD_RECEIVING)
        return self._whole(begin)

    def _whole(self, begin: wire.UploadBegin) -> wire.UploadState:
        data = bytes(self._data)
        state = self._state(begin, wire.UPLOAD_STORED)
        self._begin, self._data, self._have = None, bytearray(), 0
        if hashlib.sha256(data).digest()[:8] != begin.digest:
            state.status = wire.UPLOAD_BAD_DIGEST
        else:
            self.content = data
            self.digest = begin.digest
        return state

    def _state(self, begin: wire.UploadBegin, status: int) -> wire.UploadState:
        return wire.UploadState(
            kind=begin.kind, generation=begin.generation, have_bytes=self._have, status=status
        )
