"""What can go wrong in a controller, ours and theirs apart."""


class ControllerError(Exception):
    """The controller cannot go on; the text says what is missing and what to do."""


class SettingsError(ControllerError):
    """A setting that cannot be used: file, key and what was expected are in the text."""


class StoreError(ControllerError):
    """The database cannot be read or written."""
