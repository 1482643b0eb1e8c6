"""What can go wrong in a controller, ours and theirs apart."""


class ControllerError(Exception):
    """The controller cannot go on; the text says what is missing and what to do."""


class SettingsError(ControllerError):
    """A setting that cannot be used: file, key and what was expected are in the text."""


class UsageError(SettingsError):
    """It was not said how to serve: neither TLS files nor plain HTTP (exit code 2)."""


class StoreError(ControllerError):
    """The database cannot be read or written."""


class PackageError(ControllerError):
    """A data package that may not be used; `event` is the event type that tells it."""

    def __init__(self, event: str, said: str) -> None:
        super().__init__(said)
        self.event = event
