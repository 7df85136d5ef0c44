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

test('loops, functions and what they hold', () => {
  expect(ports(`${closed}for p in 1 2; do iptables -I INPUT -p tcp --dport $p -j ACCEPT; done`)).toBe(
    'none / 0-65535',
  );
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
