#!/bin/sh
# npm test: installs what the tests need, then runs them on the pinned Node. Arguments go to vitest.
set -eu
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
cd "$root"
sh tools/setup.sh all
sh tools/debian.sh
sh tools/python.sh
PATH=$(dirname -- "$(ls -d "$root"/node_modules/node-linux-*/bin/node | head -n 1)"):$root/node_modules/.bin:$PATH
export PATH
exec vitest run "$@"
