"""A power cut at any write while a renewal is kept leaves the old identity or the new one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from protocol.wire import controller_end

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = str(Path(sys.executable).parent / "micropython")
KEY, NEXT = "01" * 32, "02" * 32
TOLD = {"key": NEXT, "ca": "30" + "bb" * 400}
RENEWAL = controller_end.wrap(bytes.fromhex(KEY), 1, bytes(16), TOLD).hex()


def after(cut: int) -> tuple[bool, int, dict[str, Any]]:
    """Torn, steps done (kept, proved), what the identity says."""
    said = [PROGRAM, "-X", "heapsize=2m", str(HERE / "torn_identity.py"), str(ROOT)]
    said += [str(cut), KEY]
    done = subprocess.run(said, input=RENEWAL, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout + done.stderr
    torn, steps, identity = json.loads(done.stdout)
    return torn, steps, identity


def test_every_cut_leaves_the_whole_old_identity_or_the_whole_new_one() -> None:
    before = {"key": KEY, "password": "p", "ca": "30" + "aa" * 400, "board": [1] * 40}
    kept = {**before, "key": NEXT, "ca": "30" + "bb" * 400}
    both = {**kept, "before": [5, KEY, None, before["ca"]]}
    order = [before, both, kept]
    seen = []
    for cut in range(1, 400):
        torn, steps, identity = after(cut)
        found = order.index(identity)
        assert steps <= found <= steps + 1
        seen.append(found)
        if not torn:
            break
    assert seen == sorted(seen)
    assert set(seen) == {0, 1, 2}
    assert len(seen) > 10, "it was written in few writes"
