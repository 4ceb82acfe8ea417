#!/bin/sh
# Builds the test modules with wabt (Debian: apt-get install wabt) and notes what was built from what; a test holds the note
# against the files. Run it after changing a .wat file.
set -eu
cd "$(dirname "$0")"
for f in modules/*.wat; do wat2wasm --debug-names "$f" -o "${f%.wat}.wasm"; done
for f in invalid/*.wat; do wat2wasm --no-check "$f" -o "${f%.wat}.wasm"; done
sha256sum modules/*.wa* invalid/*.wa* > SHA256SUMS
