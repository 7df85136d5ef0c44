#!/bin/sh
# Installs the pinned Node, the dependencies and the built console into this checkout.
#   tools/setup.sh run   what running Picket needs (default)
#   tools/setup.sh all   also what its tests need
# Needs only npm. Safe to call again and at the same time from several places: the second waits, then finds all done.
set -eu
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
want=${1:-run}
state=$root/.picket
say() { printf 'picket: %s\n' "$*" >&2; }
fail() {
  say "$1"
  [ $# -lt 2 ] || printf '  help: %s\n' "$2" >&2
  exit 1
}

case $(uname -s)-$(uname -m) in
  Linux-x86_64) arch=x64 ;;
  Linux-aarch64) arch=arm64 ;;
  *) fail "$(uname -s) on $(uname -m) is not supported" "Picket runs on Linux, x86-64 or arm64." ;;
esac
node=$root/node_modules/node-linux-$arch/bin/node

mkdir -p "$state" 2>/dev/null ||
  fail "the first use must write to $root, and this user may not" "run it once as the owner of that folder, for example: sudo $root/picket version"
exec 9>"$state/lock"
if ! flock -n 9; then
  say 'another first use is installing; waiting for it'
  flock 9
fi

# What is installed is described by two words: the lock file's checksum and the set (run or all).
lock=$(cksum <"$root/package-lock.json")
console=$(cd "$root/console" && find . -path ./node_modules -prune -o -path ./dist -prune -o -path ./test -prune -o -type f -print |
  LC_ALL=C sort | xargs cksum | cksum)
has() { [ "$(cat "$state/$1" 2>/dev/null)" = "$2" ]; }

step() { # step TITLE COMMAND…: runs it with its output kept, shows the time it takes, and the output when it fails
  title=$1
  shift
  start=$(date +%s)
  [ -t 2 ] || say "$title…"
  "$@" >"$state/setup.log" 2>&1 9>&- &
  job=$!
  trap 'kill $job 2>/dev/null; exit 130' INT TERM
  while kill -0 $job 2>/dev/null; do
    [ ! -t 2 ] || printf '\rpicket: %s… %ss, %s on disk ' "$title" "$(($(date +%s) - start))" "$(du -sh "$root/node_modules" 2>/dev/null | cut -f1)" >&2
    sleep 0.5
  done
  trap - INT TERM
  if ! wait $job; then
    [ ! -t 2 ] || printf '\n' >&2
    grep -v '^npm error *$' "$state/setup.log" | head -n 12 >&2
    say "all of it is in $state/setup.log"
    return 1
  fi
  [ ! -t 2 ] || printf '\r\033[K' >&2
  say "$title: done in $(($(date +%s) - start)) s"
}

npm_install() {
  cd "$root"
  flags='--no-audit --no-fund --loglevel=error'
  [ "$want" = all ] || flags="$flags --omit=dev"
  # npm ci empties node_modules first, which would pull the ground from under a running agent: only add to it
  # when the lock file is the one that was installed.
  if [ -d node_modules ] && { has installed "$lock:run" || has installed "$lock:all"; }; then
    npm install --no-save $flags
  else
    npm ci $flags
  fi
}

if [ ! -x "$node" ] || { ! has installed "$lock:$want" && ! has installed "$lock:all"; }; then
  command -v npm >/dev/null 2>&1 || fail 'npm was not found' 'install it: apt-get install nodejs npm'
  rm -f "$state/ready"
  step 'installing the pinned Node and the dependencies' npm_install ||
    fail 'the installation did not succeed' 'npm said why above; check that the npm registry answers and that there are 600 MB free, then run this again'
  [ -x "$node" ] ||
    fail "npm did not install the pinned Node (node-linux-$arch)" 'it is an optional dependency: check that npm is not told to omit them (npm config get omit)'
  printf '%s' "$lock:$want" >"$state/installed"
fi

if [ ! -f "$root/console/dist/index.html" ] || ! has console "$console"; then
  rm -f "$state/ready"
  build() { cd "$root/console" && "$node" "$root/node_modules/vite/bin/vite.js" build --logLevel warn; }
  step 'building the console' build || fail 'the console could not be built'
  printf '%s' "$console" >"$state/console"
fi
touch "$state/ready"
