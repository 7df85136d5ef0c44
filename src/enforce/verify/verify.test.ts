import { expect, test } from 'vitest';
import { readFirewallFiles } from '../../firewall/analysis/read-files.ts';
import { compareRulesets } from '../../firewall/compare/compare.ts';
import { cannotTry } from '../trial/trial-machine.ts';
import { CannotLoad } from './load.ts';
import { type Claim, type Verification, verifyComparison } from './verify.ts';

const why = cannotTry();
const title = (text: string) => (why === undefined ? text : `${text} (skipped: ${why})`);
const inKernel = test.skipIf(why !== undefined);

function sideOf(text: string, name = 'rules.nft') {
  const files = [{ name, text }];
  return { files, ruleset: readFirewallFiles(files).ruleset };
}

const input = (rules: string) =>
  `flush ruleset\ntable inet f {\nchain in {\ntype filter hook input priority 0; policy drop;\n${rules}\n}\n}\n`;

async function verify(
  old: string,
  now: string,
  options: { claim?: Claim; name?: string; packets?: number } = {},
): Promise<Verification & { equal: boolean | undefined; listed: number }> {
  const [before, after] = [sideOf(old, options.name), sideOf(now, options.name)];
  const claim = options.claim ?? compareRulesets(before.ruleset, after.ruleset);
  const verified = await verifyComparison(before, after, claim, { packets: options.packets ?? 600 });
  return {
    ...verified,
    equal: claim.equal,
    listed: claim.differences.filter(({ path }) => path.chain !== 'OUTPUT').length,
  };
}

/** Nothing speaks against the claim, and every difference was shown. */
function expectConfirmed(found: Awaited<ReturnType<typeof verify>>, equal: boolean): void {
  expect(found.unexpected).toEqual([]);
  expect([found.equal, found.disagreements, found.differencesRefuted]).toEqual([equal, 0, 0]);
  expect(
    found.notShown.filter(({ what }) => /^(opened|closed|changed): IPv. (input|forward)/.test(what)),
  ).toEqual([]);
  expect(found.differencesConfirmed).toBe(found.listed);
  expect(found.packets).toBeGreaterThan(200);
}

const faults: readonly (readonly [string, string, string, boolean])[] = [
  ['a test of one flag bit for an exact match', 'tcp flags syn accept', 'tcp flags == syn accept', false],
  [
    'ranges merged over a hole',
    'tcp dport 1000-1999 accept\ntcp dport 2001-3000 accept',
    'tcp dport 1000-3000 accept',
    false,
  ],
  [
    'ranges merged rightly',
    'tcp dport 1000-1999 accept\ntcp dport 2000-3000 accept',
    'tcp dport { 1000-2499, 2500-3000 } accept',
    true,
  ],
  [
    'rules in another order, which matters',
    'ip saddr 198.51.100.0/28 udp dport 53 drop\nudp dport { 53, 80 } accept',
    'udp dport { 53, 80 } accept\nip saddr 198.51.100.0/28 udp dport 53 drop',
    false,
  ],
  [
    'prefixes joined, of both IP versions',
    'ip saddr 198.51.100.0/25 accept\nip saddr 198.51.100.128/25 accept\nip6 saddr 2001:db8::/33 accept\nip6 saddr 2001:db8:8000::/33 accept',
    'ip saddr 198.51.100.0/24 accept\nip6 saddr 2001:db8::/32 accept',
    true,
  ],
  ['all states for two', 'ct state established,related accept', 'ct state established accept', false],
  ['what comes by loopback', 'iif lo accept\ntcp dport 22 accept', 'tcp dport 22 accept', false],
  ['marks on arrival', 'meta mark 7 drop\nudp dport 53 accept', 'udp dport 53 accept', false],
  [
    'marks of connections',
    'ct state established ct mark 7 drop\nct state established accept',
    'ct state established accept',
    false,
  ],
  ['a ping that tracking calls invalid', 'ct state invalid icmp type echo-request accept', '', false],
  ['invalid ones dropped first', 'ct state invalid drop\ntcp dport 22 accept', 'tcp dport 22 accept', false],
];

inKernel.each(faults)(title('%s'), async (_name, old, now, equal) => {
  expectConfirmed(await verify(input(old), input(now)), equal);
});

inKernel(title('what is forwarded, by the names of interfaces'), async () => {
  const router = (rules: string) =>
    `table inet r {\nchain fw {\ntype filter hook forward priority 0; policy drop;\n${rules}\n}\n}\n`;
  const found = await verify(
    router('iifname "lan0" oifname "wan0" accept\nct state established accept'),
    router('iifname "lan0" accept\nct state established ip protocol tcp accept'),
  );
  expectConfirmed(found, false);
  expect(found.differencesConfirmed).toBeGreaterThan(2);
});

inKernel(title('what leaves with another address or mark'), async () => {
  const nat = (target: string, mark: string) => `table ip n {
    chain leaving { type nat hook postrouting priority srcnat; oifname "wan0" ip saddr 10.0.0.0/8 snat to ${target}; }
    chain marking { type filter hook forward priority -150; tcp dport 80 meta mark set ${mark}; }
  }\n`;
  expectConfirmed(await verify(nat('203.0.113.1', '1'), nat('203.0.113.1', '0x01')), true);
  expectConfirmed(await verify(nat('203.0.113.1', '1'), nat('203.0.113.2', '2')), false);
});

inKernel(title('what leaves with another mark of its connection, or untracked'), async () => {
  const marked = (mark: string, where: string) => `table inet m {
    chain raw { type filter hook prerouting priority raw; ${where} notrack; }
    chain marking { type filter hook forward priority 0; tcp dport 80 ct mark set ${mark}; }
  }\n`;
  expectConfirmed(await verify(marked('1', 'udp dport 53'), marked('2', 'udp dport 53')), false);
  expectConfirmed(await verify(marked('1', 'udp dport 53'), marked('1', 'udp dport 54')), false);
});

inKernel.each(['dump', 'dump-legacy'])(title('dumps of iptables: %s'), async (name) => {
  const dump = (rules: string) =>
    `*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules}\nCOMMIT\n`;
  const found = await verify(
    dump(
      '-A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT\n-A INPUT -p tcp --syn -j DROP\n-A INPUT -p tcp -j ACCEPT',
    ),
    dump(
      '-A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT\n-A INPUT -p tcp --tcp-flags SYN SYN -j DROP\n-A INPUT -p tcp -j ACCEPT',
    ),
    { name },
  );
  expectConfirmed(found, false);
});

inKernel(title('a wrong claim is caught, with the packet'), async () => {
  const forged: Claim = { equal: true, differences: [], claims: [] };
  const [old, now] = [
    input('tcp dport 1000-1999 accept\ntcp dport 2001-3000 accept'),
    input('tcp dport 1000-3000 accept'),
  ];
  const found = await verify(old, now, { claim: forged });
  expect(found.disagreements).toBeGreaterThan(0);
  expect(found.unexpected[0]).toMatchObject({
    claimed: 'the same',
    packet: { chain: 'INPUT', protocol: 6, port: 2000 },
    old: { outcome: 'dropped' },
    new: { outcome: 'delivered' },
  });
  // Differences that are none.
  const claim = compareRulesets(sideOf(old).ruleset, sideOf(now).ruleset);
  const refuted = await verify(old, old, { claim });
  expect([refuted.differencesConfirmed, refuted.differencesRefuted]).toEqual([0, claim.differences.length]);
  expect(refuted.unexpected[0]).toMatchObject({ claimed: 'opened' });
});

inKernel(title('what cannot be loaded is said'), async () => {
  await expect(
    verify(input('tcp dport 22 accept'), '#!/bin/sh\niptables -A INPUT -j DROP\n'),
  ).rejects.toThrow(/is a script, and scripts are not run/);
  await expect(
    verify(input('tcp dport 22 accept'), 'table inet f { chain c { nonsense; }; }\n'),
  ).rejects.toThrow(CannotLoad);
});
