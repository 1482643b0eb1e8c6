"""Modules that are loaded for a moment: nothing keeps them but who holds them."""

import sys


def load(name: str) -> object:
    """The module of a dotted name, loaded anew; it goes when its caller lets go of it.

    The package keeps a module that was imported from it as an attribute: that is taken away, too.
    """
    __import__(name)
    package, _, leaf = name.rpartition(".")
    sys.modules[package].__dict__.pop(leaf, None)
    return sys.modules.pop(name)
