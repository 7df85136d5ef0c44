#!/bin/sh
# Installs the Debian packages that the tests use as independent truth and as real counterparts.
# Needs root; without it, says what is missing, and the tests that need them skip with the reason.
set -eu
packages='argus-server busybox-static chromium conntrack containerd cron curl dnsmasq-base gcc git graphviz hping3 hydra iodine iproute2 ipset iptables iputils-ping jq libc6-dev logrotate make ncat nfdump nftables nginx-light nmap openssh-client openssh-server openssl perl procps prometheus python3-venv rsyslog runc softflowd sudo sysdig systemd-journal-remote tcpdump tshark util-linux'
missing=''
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  printf 'picket: tests will skip what needs these Debian packages:%s\n' "$missing" >&2
  exit 0
fi
printf 'picket: installing Debian packages for the tests:%s\n' "$missing" >&2
# Daemons that come with the packages must not be started: the tests run their own on ports of their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT INT TERM
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >/dev/null
