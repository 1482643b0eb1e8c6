// Runs a file of cases under MicroPython for WebAssembly: node run.mjs ROOT CASES
//
// It has no files of its own, so the device rooms and the cases are copied in. What it prints is
// what runner.py prints; the exit code is that of the runner.
import { loadMicroPython } from '@micropython/micropython-webassembly-pyscript/micropython.mjs';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [root, cases] = process.argv.slice(2);
const HEAP_BYTES = 8 * 1024 * 1024;
const ROOMS = ['protocol/__init__.py', 'protocol/wire', 'protocol/schedule', 'protocol/mqtt', 'firmware'];

const python = await loadMicroPython({ heapsize: HEAP_BYTES, stdout: (line) => console.log(line) });

function copy(path) {
  const from = join(root, path);
  if (statSync(from).isDirectory()) {
    python.FS.mkdirTree('/root/' + path);
    for (const name of readdirSync(from)) copy(path + '/' + name);
  } else if (/\.(py|json)$/.test(path)) {
    python.FS.mkdirTree('/root/' + dirname(path));
    python.FS.writeFile('/root/' + path, readFileSync(from));
  }
}

for (const room of ROOMS) copy(room);
python.FS.mkdirTree('/root/tests/device');
python.FS.writeFile('/root/tests/device/runner.py', readFileSync(join(root, 'tests/device/runner.py')));
python.FS.writeFile('/root/tests/device/cases.py', readFileSync(cases));
try {
  python.runPython(`
import sys
sys.path.insert(0, "/root")
with open("/root/tests/device/runner.py") as file:
    exec(file.read())
sys.exit(1 if run("/root/tests/device/cases.py") else 0)
`);
} catch (error) {
  const failed = /SystemExit: (\d+)/.exec(String(error));
  if (!failed) console.log(String(error));
  process.exitCode = failed ? Number(failed[1]) : 1;
}
