import { expect, test } from 'vitest';
import { acceptedPorts } from './accepted-ports.ts';
import { readFirewallScript } from './script.ts';

/** TCP ports that a script accepts for certain, and those that it may accept. */
function ports(text: string, protocol = 6): string {
  const { ruleset } = readFirewallScript(text);
  const { certain, possible } = acceptedPorts(ruleset, { family: 4, chain: 'INPUT', protocol, local: false });
  return `${certain} / ${possible}`;
}

const closed = 'iptables -A INPUT -j DROP\n';

test('a script as people write it', () => {
  const script = `set -e
# Allow established connections
iptables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT
iptables -A INPUT -i lo -j ACCEPT
iptables -A INPUT -p tcp --dport 22 -j ACCEPT
iptables -A INPUT -p tcp --dport 6443 -j ACCEPT
iptables -A INPUT -j DROP
sleep infinity`;
  expect(ports(script)).toBe('22,6443 / 22,6443');
  expect(ports(script, 17)).toBe('none / none');
  const { calls, opaque, problems } = readFirewallScript(script);
  expect([calls.length, opaque, problems]).toEqual([5, [], []]);
});

test('rules know their place', () => {
  const script = `true\n  iptables -A INPUT \\\n   -j DROP # all`;
  const [rule] = readFirewallScript(script).ruleset.tables[0]?.chains.get('INPUT')?.rules ?? [];
  expect(script.slice(rule?.at.start, rule?.at.end)).toBe('iptables -A INPUT \\\n   -j DROP');
});

test('checks for a rule before it is added', () => {
  const add =
    'iptables -C INPUT -p tcp --dport 22 -j ACCEPT 2>/dev/null || iptables -A INPUT -p tcp --dport 22 -j ACCEPT\n';
  expect(ports(add + add + closed)).toBe('22 / 22');
  const rules = readFirewallScript(add + add).ruleset.tables[0]?.chains.get('INPUT')?.rules;
  expect(rules).toHaveLength(1);
  expect(ports(`${closed}iptables -D INPUT -j DROP || true\n`)).toBe('0-65535 / 0-65535');
  expect(ports(`iptables -D INPUT -j DROP || true\niptables -N A || iptables -F A\n${closed}`)).toBe(
    'none / none',
  );
});

test('what hangs on preparations is taken to run, what hangs on tests is unknown', () => {
  expect(ports(`apk add --no-cache iptables && ${closed}`)).toBe('none / none');
  expect(ports(`[ -f /x ] && ${closed}`)).toBe('none / 0-65535');
  expect(ports(`exit 0\n${closed}`)).toBe('0-65535 / 0-65535');
});

test('variables with a plain value are known, others make the rule unknown', () => {
  const rules = 'iptables -A INPUT -p tcp --dport $PORT -j ACCEPT\n';
  expect(ports(`PORT=22\n${rules}${closed}`)).toBe('22 / 22');
  expect(ports(rules + closed)).toBe('none / 0-65535');
  expect(ports(`IPT=/sbin/iptables\n$IPT -A INPUT -j DROP`)).toBe('none / none');
  expect(ports(`$IPT -A INPUT -j DROP`)).toBe('none / 0-65535');
  expect(ports(`PORT=22\nif x; then PORT=23; fi\n${rules}${closed}`)).toBe('none / 0-65535');
});

test('loops and functions that are plain', () => {
  const open = 'iptables -A INPUT -p tcp --dport $p -j ACCEPT';
  expect(ports(`for p in 1 2; do ${open}; done\n${closed}`)).toBe('1-2 / 1-2');
  expect(ports(`P="1 2"\nfor p in $P 7\ndo\n  ${open}\ndone\n${closed}`)).toBe('1-2,7 / 1-2,7');
  expect(ports(`for p in $P; do ${open}; done\n${closed}`)).toBe('none / 0-65535');
  expect(ports(`for p in $(cat x); do ${open}; done\n${closed}`)).toBe('none / 0-65535');
  expect(ports(`for p in 1 2; do [ $p = 2 ] && break; ${open}; done\n${closed}`)).toBe('none / 0-65535');
  expect(
    ports(
      `for a in 1 2; do for b in 3 4; do iptables -A INPUT -p tcp --dport $a$b -j ACCEPT; done; done\n${closed}`,
    ),
  ).toBe('13-14,23-24 / 13-14,23-24');
  const script = `allow() { iptables -A INPUT -p tcp --dport "$1" -j ACCEPT; }\nallow 22\nallow 80\n${closed}`;
  expect(ports(script)).toBe('22,80 / 22,80');
  const { ruleset } = readFirewallScript(script);
  const [first] = ruleset.tables[0]?.chains.get('INPUT')?.rules ?? [];
  expect(script.slice(first?.at.start, first?.at.end)).toBe(
    'iptables -A INPUT -p tcp --dport "$1" -j ACCEPT',
  );
  expect(
    ports(`ipt() { iptables -w "$@"; }\nipt -A INPUT -p tcp --dport 22 -j ACCEPT\nipt -A INPUT -j DROP`),
  ).toBe('22 / 22');
  expect(ports(`IPT="iptables -w 5"\n$IPT -A INPUT -j DROP`)).toBe('none / none');
  expect(ports(`f() { local p=1; ${open}; }\np=2\nf\n${open}\n${closed}`)).toBe('1-2 / 1-2');
  expect(ports(`f() { [ "$1" = x ] && return 0; iptables -A INPUT -j DROP; }\nf x`)).toBe(
    '0-65535 / 0-65535',
  );
  expect(ports(`f() { f; f; iptables -A INPUT -j DROP; }\nf`)).toBe('none / 0-65535');
  expect(ports(`{ ${closed}}\n( cd /; iptables -I INPUT -p tcp --dport 9 -j ACCEPT )`)).toBe('9 / 9');
});

test('conditions that are plain', () => {
  const open = 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT';
  const when = (condition: string, before = '') =>
    ports(
      `${before}\nif ${condition}; then ${open}; else iptables -A INPUT -p tcp --dport 23 -j ACCEPT; fi\n${closed}`,
    );
  expect(when('[ "$MODE" = open ]', 'MODE=open')).toBe('22 / 22');
  expect(when('[ "$MODE" != open ]', 'MODE=open')).toBe('23 / 23');
  expect(when('[ "$MODE" = open ]')).toBe('none / 0-65535');
  expect(when('iptables -C INPUT -j DROP 2>/dev/null')).toBe('23 / 23');
  expect(when('! iptables -N A', 'iptables -N A')).toBe('22 / 22');
  expect(when('[ 3 -gt 2 ]')).toBe('22 / 22');
  expect(when('[ -f /etc/x ]')).toBe('none / 0-65535');
  expect(when('false; then :; elif true')).toBe('22 / 22');
});

test('defaults of variables hold where the script has set none, and that is said', () => {
  const rule = `iptables -A INPUT -p tcp --dport \${PORT:-22} -j ACCEPT\n`;
  expect(ports(rule + closed)).toBe('22 / 22');
  expect(ports(`PORT=80\n${rule}${closed}`)).toBe('80 / 80');
  expect(ports(`PORT=$(cat x)\n${rule}${closed}`)).toBe('none / 0-65535');
  expect(ports(`: \${PORT:=7}\niptables -A INPUT -p tcp --dport $PORT -j ACCEPT\n${closed}`)).toBe('7 / 7');
  expect(readFirewallScript(rule).opaque).toMatchObject([
    { why: 'PORT is taken not to be in the environment' },
  ]);
});

test('sets of ipset', () => {
  const asked = 'iptables -A INPUT -p tcp -m set --match-set ports dst -j ACCEPT\n';
  const made = 'ipset create ports bitmap:port range 0-100\nipset -exist add ports 22\n';
  expect(ports(made + asked + closed)).toBe('22 / 22');
  expect(
    ports(
      `ipset restore <<EOF\ncreate ports bitmap:port range 0-100\nadd ports 80-90\nEOF\n${asked}${closed}`,
    ),
  ).toBe('80-90 / 80-90');
  expect(ports(asked + closed)).toBe('none / 0-65535');
  expect(ports(`${made}ipset add ports $P\n${asked}${closed}`)).toBe('none / 0-65535');
});

test('loops that are not followed', () => {
  expect(ports(`${closed}while true; do sleep 3600; done`)).toBe('none / none');
  const { opaque } = readFirewallScript('while true; do sleep 3600; done');
  expect(opaque).toMatchObject([{ why: 'a while loop is not followed' }]);
});

test('restored rulesets', () => {
  const dump = '*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT\nCOMMIT\n';
  expect(ports(`iptables-restore <<EOF\n${dump}EOF\n`)).toBe('443 / 443');
  expect(ports(`cat <<'EOF' | iptables-restore -w\n${dump}EOF\n`)).toBe('443 / 443');
  expect(ports(`echo '${dump}' | iptables-restore`)).toBe('443 / 443');
  expect(ports(`${closed}cat <<'EOF' | iptables-restore --noflush\n${dump}EOF\n`)).toBe('none / none');
  expect(ports('iptables-restore < /etc/rules.v4')).toBe('none / 0-65535');
});

test('files that are known are followed, with places of their own', () => {
  const files: Record<string, string> = { '/fw/rules': '*filter\n:INPUT DROP\nCOMMIT\n', '/fw/a.sh': closed };
  const read = (script: string) =>
    readFirewallScript(script, (path) => (files[path] ? { text: files[path], at: 1000 } : undefined)).ruleset;
  expect(read('iptables-restore /fw/rules').tables[0]?.chains.get('INPUT')?.policy).toEqual({
    effect: 'drop',
    at: { start: 1015, end: 1019 },
  });
  expect(read('sh -e /fw/a.sh').tables[0]?.chains.get('INPUT')?.rules[0]?.at.start).toBe(1000);
  expect(read('/fw/b.sh').opaque).toHaveLength(1);
});

test('wrappers and inner shells', () => {
  expect(ports('nsenter -t 1 -m -u -n -i -- iptables -A INPUT -j DROP')).toBe('none / none');
  expect(ports(`nsenter -t 1 -n sh -c 'iptables -A INPUT -j DROP'`)).toBe('none / none');
  expect(ports('curl -s https://example.com/fw | sh')).toBe('none / 0-65535');
});

test('nft, as commands and as a file', () => {
  const commands = `nft add table inet f
nft add chain inet f in '{ type filter hook input priority 0; policy drop; }'
nft add rule inet f in ct state established,related accept
nft add rule inet f in tcp dport { 22, 8000-8002 } accept`;
  expect(ports(commands)).toBe('22,8000-8002 / 22,8000-8002');
  const file = `nft -f - <<'EOF'
flush ruleset
table inet f {
  set ports { type inet_service; flags interval; elements = { 80, 90-91 } }
  chain in {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept comment "x"
    meta l4proto { icmp, icmpv6 } accept
    tcp dport @ports counter packets 0 bytes 0 accept
    tcp dport 22 ip saddr 198.51.100.0/24 log prefix "ssh " accept
    udp dport 51820 jump more
  }
  chain more { ip saddr != 203.0.113.0/24 meta mark 1 accept; drop; }
}
EOF`;
  expect(ports(file)).toBe('80,90-91 / 22,80,90-91');
  expect(ports(file, 17)).toBe('none / 51820');
  expect(ports(file, 1)).toBe('0-65535 / 0-65535');
});
