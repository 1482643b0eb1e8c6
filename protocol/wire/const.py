"""`const` for both interpreters: MicroPython folds it away, CPython passes the value through."""


def const(value: int) -> int:
    """The value itself."""
    return value


try:  # The module exists on a node only.
    from micropython import const  # type: ignore[import-not-found,no-redef] # not on CPython
except ImportError:
    pass  # CPython: the function above serves.

__all__ = ["const"]
