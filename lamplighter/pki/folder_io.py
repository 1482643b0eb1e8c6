"""The folder that the authority lives in: its key, its list of what was issued, the files.

ca.crt ca.key   the authority: the certificate goes to every program, the key stays here
crl.pem         what was revoked: goes to every program, written anew by each revocation
issued.json     every certificate ever issued
cms.crt cms.key gateway-NAME.crt gateway-NAME.key
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .authority import Authority, Holder, Issued

# One line of issued.json.
Row = dict[str, Any]
_MISSING, _REFUSED = 3, 4


class PkiError(Exception):
    """What was asked is not done; `code` is the command's exit code."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code


class Folder:
    """One authority on disk. Two commands at once wait for each other."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def init(self, site: str, now: datetime.datetime, days: int) -> None:
        """A new authority; refused where one is."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self._held():
            for name in ("ca.key", "ca.crt", "issued.json"):
                if (self.path / name).exists():
                    raise PkiError(_REFUSED, f"{self.path / name} exists; it is not overwritten")
            authority = Authority.make(site, now, days)
            self._write("ca.key", authority.key_pem(), 0o600)
            self._write("ca.crt", authority.certificate_pem(), 0o644)
            self._keep([])
            self._write("crl.pem", authority.revocations([], 1, now), 0o644)

    def issue(self, holder: Holder, now: datetime.datetime, days: int) -> Row:
        """A first certificate; refused while one of that holder is valid."""
        with self._held():
            authority, rows = self._load()
            if _living(rows, holder.title, now):
                said = f"{holder.title} has a valid certificate; renew or revoke it"
                raise PkiError(_REFUSED, said)
            return self._issue(authority, rows, holder, now, days)

    def renew(self, title: str, now: datetime.datetime, days: int) -> Row:
        """A new key and certificate for the same holder and hosts; the former stays valid."""
        with self._held():
            authority, rows = self._load()
            row = self._newest(rows, title)
            if row["revoked_at"]:
                said = f"{title} was revoked; whoever replaces it is issued a certificate"
                raise PkiError(_REFUSED, said)
            holder = Holder(row["role"], row["name"], tuple(row["hosts"]))
            return self._issue(authority, rows, holder, now, days)

    def revoke(self, title: str, now: datetime.datetime) -> list[Row]:
        """No certificate of this holder is valid any more; the list of revocations says so."""
        with self._held():
            authority, rows = self._load()
            self._newest(rows, title)
            over = [row for row in rows if row["title"] == title and not row["revoked_at"]]
            if not over:
                raise PkiError(_REFUSED, f"{title} was revoked before")
            for row in over:
                row["revoked_at"] = now.isoformat(timespec="seconds")
            told = [
                (int(row["serial"], 16), datetime.datetime.fromisoformat(row["revoked_at"]))
                for row in rows
                if row["revoked_at"]
            ]
            self._keep(rows)
            crl = authority.revocations(told, len(told) + 1, now)
            self._write("crl.pem", crl, 0o644)
            return over

    def rows(self) -> list[Row]:
        """Everything issued, oldest first."""
        with self._held():
            return self._load()[1]

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        if not self.path.is_dir():
            raise PkiError(_MISSING, f"{self.path}: no such folder; begin with: pki init")
        with (self.path / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _load(self) -> tuple[Authority, list[Row]]:
        try:
            key, certificate = (self.path / "ca.key"), (self.path / "ca.crt")
            if key.stat().st_mode & 0o077:
                raise PkiError(_REFUSED, f"{key}: others may read it; it must have mode 0600")
            authority = Authority.load(certificate.read_bytes(), key.read_bytes())
            rows: list[Row] = json.loads((self.path / "issued.json").read_text())
        except OSError as error:
            raise PkiError(_MISSING, f"{error.filename}: {error.strerror}") from error
        except ValueError as error:
            raise PkiError(_MISSING, f"{self.path}: no authority: {error}") from error
        return authority, rows

    def _newest(self, rows: list[Row], title: str) -> Row:
        for row in reversed(rows):
            if row["title"] == title:
                return row
        known = ", ".join(dict.fromkeys(row["title"] for row in rows)) or "none"
        raise PkiError(_MISSING, f"no certificate of {title}; there are: {known}")

    def _issue(
        self,
        authority: Authority,
        rows: list[Row],
        holder: Holder,
        now: datetime.datetime,
        days: int,
    ) -> Row:
        issued: Issued = authority.issue(holder, now, days)
        row = {
            "title": holder.title, "role": holder.role, "name": holder.name,
            "hosts": list(holder.hosts), "identity": holder.identity,
            "serial": f"{issued.serial:x}", "revoked_at": None,
            "not_after": issued.not_after.isoformat(timespec="seconds"),
        }  # fmt: skip
        # First the list: a certificate that it does not know could never be revoked.
        self._keep([*rows, row])
        self._write(f"{holder.title}.key", issued.key, 0o600)
        self._write(f"{holder.title}.crt", issued.certificate, 0o644)
        return row

    def _keep(self, rows: list[Row]) -> None:
        self._write("issued.json", json.dumps(rows, indent=1).encode(), 0o600)

    def _write(self, name: str, data: bytes, mode: int) -> None:
        """Whole or not at all, and never readable by others in between."""
        part = self.path / f".{name}.part"
        part.unlink(missing_ok=True)
        number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path / name)


def _living(rows: list[Row], title: str, now: datetime.datetime) -> bool:
    return any(
        row["title"] == title
        and not row["revoked_at"]
        and datetime.datetime.fromisoformat(row["not_after"]) > now
        for row in rows
    )
