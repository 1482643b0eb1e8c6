# mypy: ignore-errors
"""Runs device tests: functions `test_…` of one file, under CPython or MicroPython alike.

    INTERPRETER runner.py ROOT FILE

Prints one line for each test, "ok NAME" or "failed NAME" with what went wrong, and "done".
"""

import sys


def run(path):
    """Run the tests of a file; the number that failed."""
    space = {"__name__": "cases", "__file__": path}
    with open(path) as file:
        exec(file.read(), space)  # MicroPython has no compile() for files
    failed = 0
    for name in sorted(space):
        if not name.startswith("test_"):
            continue
        try:
            space[name]()
        except Exception as error:  # noqa: BLE001  # whatever a test raises is its failure
            failed += 1
            print("failed", name)
            if hasattr(sys, "print_exception"):
                sys.print_exception(error)
            else:
                import traceback

                traceback.print_exc(file=sys.stdout)
        else:
            print("ok", name)
    print("done")
    return failed


# MicroPython in a browser has no arguments: wasm/run.mjs calls `run` itself.
if len(getattr(sys, "argv", ())) > 2:
    sys.path.insert(0, sys.argv[1])
    sys.exit(1 if run(sys.argv[2]) else 0)
