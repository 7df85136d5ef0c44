#!/bin/sh
# Installs the Python packages that the tests use as independent truth, into node_modules/.cache; nothing that Picket runs on.
# Where that does not work, the tests that need them skip with the reason.
set -eu
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
packages='ocsf-json-schema==1.2.0'
folder=$root/node_modules/.cache/picket-python
[ "$(cat "$folder/packages" 2>/dev/null)" != "$packages" ] || exit 0
rm -rf "$folder"
# shellcheck disable=SC2086
if command -v python3 >/dev/null 2>&1 && python3 -m venv "$folder" >/dev/null 2>&1 &&
  "$folder/bin/pip" --quiet --disable-pip-version-check install $packages >&2; then
  printf '%s\n' "$packages" >"$folder/packages"
else
  printf 'picket: tests will skip what needs these Python packages: %s\n' "$packages" >&2
fi
