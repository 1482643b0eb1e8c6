"""`const` for both interpreters: MicroPython folds it away, CPython passes the value through."""


def const(value: int) -> int:
    """The value itself."""
    return value


try:
    from micropython import const  # type: ignore[import-not-found,no-redef,unused-ignore]  # node only
except ImportError:
    pass  # CPython: the function above serves.

__all__ = ["const"]
