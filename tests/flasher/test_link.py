"""Linked sources do what their sources do, in less memory, and lines are still found."""

from __future__ import annotations

import struct
import sys
import types
from typing import Any

import pytest

from flasher.link import Linked, link
from flasher.rows import LinkError

SOURCES = {
    "room/__init__.py": '"""A room."""\n\nfrom .tools import Counter, twice\n',
    "room/numbers.py": (
        '"""Numbers."""\n\nSTEP, FIRST = 3, 10\n_LIMIT = FIRST * 2 + 1\n'
        'NAMES = ("none", "left", "right")\nRIGHT = NAMES.index("right")\nCOUNT = len(NAMES)\n'
        "def limit():\n    return _LIMIT\n"
    ),
    "room/tools.py": (
        '"""Tools."""\n\nfrom .numbers import COUNT, FIRST, NAMES, RIGHT, STEP, limit\n\n\n'
        "def twice(value):\n"
        '    """Twice."""\n    return value * 2\n\n\n'
        "def never_used():\n    return FIRST\n\n\n"
        "class Counter:\n"
        '    """Counts."""\n\n    KIND = RIGHT\n\n'
        "    def __init__(self, start=FIRST):\n        self.total = start\n"
        "        self.note: str = ''\n"
        "    def count_on(self, by=STEP):\n        assert by\n        self.total += by\n"
        "        return self.total\n"
        "    def unused_method(self):\n        return 5\n"
        "    def told(self):\n        return (NAMES[self.KIND], COUNT, limit())\n"
    ),
    "program/__init__.py": "",
    "program/main.py": (
        '"""The program."""\n\nimport struct\n\nfrom room import Counter, twice\n'
        "from . import beside\n\n\n"
        "def helper(first, *, kept_apart):\n    local = twice(first)\n"
        "    return local + kept_apart\n\n\n"
        "def run(said):\n    counter = Counter()\n    counter.count_on(by=said)\n"
        "    counter.count_on()\n"
        "    fields = struct.unpack('<H', struct.pack('<H', helper(4, kept_apart=1)))\n"
        "    said = [counter.total, fields[0], beside.VALUE]\n"
        "    return [*said, *counter.told(), getattr(counter, 'total')]\n\n\n"
        "def fail():\n    raise ValueError('here')\n\n\n"
        "def late(path):\n    from . import beside as later\n    import posixpath\n"
        "    return posixpath.join(path, later.told(Counter(4).total))\n"
    ),
}
APART = {"program/beside.py": "VALUE = 77\ndef told(total):\n    return str(total)\n"}
ENTRIES = [("program.main", "run"), ("program.main", "fail"), ("program.main", "late")]


def linked() -> Linked:
    return link(SOURCES, APART, ENTRIES)


def loaded(one: Linked) -> dict[str, Any]:
    """Run the linked text; what it imports from beside is put there."""
    beside = types.ModuleType("program.beside")
    exec(APART["program/beside.py"], vars(beside))
    sys.modules |= {"program": types.ModuleType("program"), "program.beside": beside}
    sys.modules["program"].beside = beside  # type: ignore[attr-defined] # made two lines above
    space: dict[str, Any] = {}
    exec(compile(one.text, "linked.py", "exec"), space)
    return space


def test_a_linked_program_answers_as_its_sources_do() -> None:
    assert loaded(linked())["run"](5) == [18, 9, 77, "right", 3, 21, 18]


def test_what_a_function_imports_is_imported_when_it_runs() -> None:
    one = linked()
    assert loaded(one)["late"]("a") == "a/4"
    top = one.text.split("\n")[0]
    assert "program import beside" in top
    assert "later" not in top
    assert "posixpath" not in top


TWO_CLASSES = (
    "class First:\n    def __init__(self):\n        self.one = 1\n        self.two = 2\n"
    "    def added(self):\n        return self.one + self.two\n\n\n"
    "class Second:\n    def __init__(self):\n        self.three = 3\n        self.four = 4\n"
    "    def added(self):\n        return self.three * self.four\n\n\n"
    "class Third(Second):\n    def __init__(self):\n        super().__init__()\n"
    "        self.five = 5\n\n\n"
    "def run():\n    first, third = First(), Third()\n    third.put_on_it = 7\n"
    "    return [first.added(), third.added(), third.five, third.put_on_it]\n"
)


def test_names_that_no_object_has_both_of_are_one_name() -> None:
    one = link({"room/tools.py": TWO_CLASSES}, {}, [("room.tools", "run")])
    assert loaded(one)["run"]() == [3, 12, 5, 7]
    short = {name: key for key, names in one.names.items() for name in names.split("|")}
    assert {short["one"], short["two"]} & {short["three"], short["four"], short["five"]}
    assert len({short[name] for name in ("three", "four", "five", "added")}) == 4
    assert list(one.names.values()).count("put_on_it") == 1


def test_what_nobody_uses_is_left_out() -> None:
    text = linked().text
    for gone in ("never_used", "unused_method", "Counts.", "Twice.", "assert", "_LIMIT", "FIRST"):
        assert gone not in text
    assert "return 21" in text


def test_names_of_ours_are_short_or_known_and_can_be_looked_up() -> None:
    one = linked()
    for ours in ("count_on", "Counter", "helper", "kept_apart"):
        assert ours not in one.text
    names = set(one.names.values())
    assert {"count_on", "room.tools.Counter", "program.main.helper"} <= names
    assert "total" in one.text, "a name asked for by a string stays"


def test_a_line_of_a_traceback_is_found_in_its_source() -> None:
    one = linked()
    with pytest.raises(ValueError, match="here") as caught:
        loaded(one)["fail"]()
    line = caught.traceback[-1].lineno + 1
    path, at = one.place(line)
    assert path == "program/main.py"
    assert "raise ValueError" in SOURCES[path].splitlines()[at - 1]


def test_linking_twice_gives_the_same_text() -> None:
    assert linked().text == linked().text


def test_classes_of_one_name_in_two_modules_each_keep_their_names_apart() -> None:
    classes = {
        f"room/{place}.py": "class Same:\n    def __init__(self):\n"
        + "".join(f"        self.{place}_{at} = {at}\n" for at in range(3))
        + f"    def {place}_all(self):\n"
        + f"        return [self.{place}_0, self.{place}_1, self.{place}_2]\n\n\n"
        + f"def {place}_made():\n    return Same().{place}_all()\n"
        for place in ("left", "right")
    }
    run = (
        "from .left import left_made\nfrom .right import right_made\n\n\n"
        "def run():\n    return left_made() + right_made()\n"
    )
    one = link(
        classes | {"room/__init__.py": "", "room/tools.py": run}, {}, [("room.tools", "run")]
    )
    assert loaded(one)["run"]() == [0, 1, 2, 0, 1, 2]


def test_no_short_name_is_that_of_an_entry() -> None:
    """MicroPython has a name `run` as well: with enough globals it was given away."""
    helpers = "".join(f"def helper_{n}():\n    return {n}\n" for n in range(600))
    asked = ", ".join(f"helper_{n}()" for n in range(600))
    text = f"def run():\n    return sum([{asked}])\n{helpers}"
    one = link({"program/one.py": text}, {}, [("program.one", "run")])
    found: dict[str, Any] = {}
    exec(one.text, found)
    assert found["run"]() == sum(range(600))


def test_a_name_that_is_both_defined_and_imported_is_refused() -> None:
    main = "def run():\n    from .parts import run as inner\n    return inner()\n"
    parts = {"program/__init__.py": "", "program/parts.py": "def run():\n    return 4\n"}
    entries = [("program.main", "run")]
    found: dict[str, Any] = {}
    exec(link({**parts, "program/main.py": main}, {}, entries).text, found)
    assert found["run"]() == 4
    with pytest.raises(LinkError, match=r"main\.py: run is both defined and imported"):
        link({**parts, "program/main.py": main.replace(" as inner", "")}, {}, entries)


def test_texts_and_sizes_of_layouts_stand_in_their_place() -> None:
    parts = {
        "program/__init__.py": "",
        "program/words.py": (
            "import struct\nLAYOUT, _MARK = '<HI', b'mark'\nSIZE = struct.calcsize(LAYOUT)\n"
            "ASKED = 'known to a file that stays alone'\nOWN_SIZES = '@HI'\n"
            "_WIDE = struct.calcsize(OWN_SIZES)\n\n\n"
            "def mark(LAYOUT=_MARK):\n    return LAYOUT, SIZE, _WIDE\n"
        ),
        "program/main.py": (
            "import struct\nfrom .words import ASKED, LAYOUT, mark\n\n\n"
            "def run():\n    return struct.pack(LAYOUT, 1, 2), mark(), mark(3), ASKED\n"
        ),
    }
    apart = {"program/alone.py": "from .main import ASKED\n"}
    one = link(parts, apart, [("program.main", "run")])
    found: dict[str, Any] = {}
    exec(one.text, found)
    wide = struct.calcsize("@HI")
    text = "known to a file that stays alone"
    assert found["run"]() == (
        b"\1\0\2\0\0\0", (b"mark", 6, wide), (3, 6, wide), text,
    )  # fmt: skip
    kept = {type(value): value for value in found.values() if type(value) in (str, bytes, int)}
    assert kept == {str: text, int: wide}


def test_a_text_that_is_stored_twice_is_no_constant() -> None:
    text = (
        "STATE = 'begun'\nFIRST = [STATE]\nSTATE = 'ended'\n\n\n"
        "def run():\n    return FIRST[0], STATE\n"
    )
    found: dict[str, Any] = {}
    exec(link({"program/one.py": text}, {}, [("program.one", "run")]).text, found)
    assert found["run"]() == ("begun", "ended")


def test_a_global_that_a_function_sets_is_refused() -> None:
    text = "STATE = 0\n\n\ndef run():\n    global STATE\n    STATE = 1\n"
    with pytest.raises(LinkError, match=r"one\.py: global STATE cannot be linked"):
        link({"program/one.py": text}, {}, [("program.one", "run")])
