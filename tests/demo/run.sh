#!/bin/sh
# The demo: a feed server, the daemon, a subscriber, all on the loopback.
set -eu
cd "$(dirname "$0")/../.."
exec /usr/bin/python3 tests/demo/ring.py "${1:-}"
