import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HostFirewallSpec } from '../../manifest/host-firewall/schema.ts';
import { hostFirewallSchema } from '../../manifest/host-firewall/schema.ts';
import { readManifests } from '../../manifest/read.ts';
import { cannotAsk } from '../network.fixture.ts';
import { parseNft } from '../nft.ts';
import { judgePacket } from '../simulate.ts';
import { compileHostFirewall } from './compile.ts';
import { declarations, meant, packets, siteHosts } from './declarations.fixture.ts';
import { declaredHostFirewalls } from './declared.ts';
import { resolveHostFirewall } from './resolve.ts';
import { rulesOf } from './ruleset.ts';

const compiled = (spec: HostFirewallSpec) => {
  const { firewall, problems } = resolveHostFirewall(spec, siteHosts);
  expect(problems).toEqual([]);
  return compileHostFirewall(firewall);
};

test('the table of a whole declaration', async () => {
  const yaml = `site: harbour
hosts: {office: [198.51.100.0/24, 2001:db8:1::/64], api: 192.0.2.10}
firewall:
  zones:
    lan: {interfaces: [eth0, "vlan*"]}
    vpn: {interfaces: [wg0], sources: [10.8.0.0/24]}
  admin:
  - {service: ssh, from: [office, vpn]}
  - {service: kubernetes-api, to: api}
  deny:
  - {from: 198.51.100.128/25, protocol: [udp, esp, 47]}
  allow:
  - {service: https}
  - service: [dns, ntp]
    from: lan
  - {ports: [8000-8090, 22], from: [203.0.113.0/24, 203.0.113.7, 198.51.100.9, vpn], limit: 10/minute per source}
  - {service: wireguard, limit: 100/second burst 200}
  block: {attackers: {timeout: 1h30m, size: 1000}}
  connectionLimit: {perSource: 50}
  log: {}
  forward:
    allow:
    - {from: vpn, to: lan}
    - {from: 0.0.0.0/0, to: lan, service: https}
  outbound:
    allow:
    - {service: [dns, https]}
    - {to: lan}
`;
  const set = readManifests([{ name: 'edge/picket.yaml', bytes: new TextEncoder().encode(yaml) }]);
  expect(set.diagnostics).toEqual([]);
  const [declared] = declaredHostFirewalls(set);
  expect(declared!.problems).toEqual([]);
  const origin = (path: (string | number)[]) =>
    `${declared!.keyAt(path).file}:${declared!.keyAt(path).start.line}`;
  const { text } = compileHostFirewall(declared!.firewall!, { origin: (path) => origin([...path]) });
  await expect(text).toMatchFileSnapshot('__golden__/whole.nft');
});

test('the example is without fault, and this is its table', async () => {
  const name = 'examples/host-firewall/picket.yaml';
  const set = readManifests([{ name, bytes: readFileSync(new URL(`../../../${name}`, import.meta.url)) }]);
  const [declared] = declaredHostFirewalls(set);
  expect([set.diagnostics, declared!.problems]).toEqual([[], []]);
  const { text } = compileHostFirewall(declared!.firewall!);
  await expect(text).toMatchFileSnapshot('__golden__/example.nft');
});

test('the table of a declaration that says nothing lets in what a machine needs to be on a network', async () => {
  await expect(compiled({}).text).toMatchFileSnapshot('__golden__/empty.nft');
});

test('random declarations: what the rules do with a packet is what the declaration means', () => {
  const outcomes = { allow: 0, deny: 0 };
  fc.assert(
    fc.property(declarations, fc.array(packets, { minLength: 40, maxLength: 40 }), (spec, sent) => {
      expect(hostFirewallSchema().safeParse(spec).error?.issues).toBeUndefined();
      const { ruleset } = rulesOf(compiled(spec));
      for (const packet of sent) {
        const { outcome } = judgePacket(ruleset, packet);
        expect(outcome).toBe(meant(spec, packet));
        outcomes[meant(spec, packet)]++;
      }
    }),
    { numRuns: 400, seed: 3 },
  );
  expect(Math.min(outcomes.allow, outcomes.deny)).toBeGreaterThan(4000);
});

test('nothing of the text is beyond the parser', () => {
  for (const spec of fc.sample(declarations, { numRuns: 100, seed: 9 })) {
    const { ruleset, problems } = parseNft(compiled(spec).text);
    expect([problems, ruleset.opaque]).toEqual([[], []]);
  }
});

const title = 'random declarations load, replace each other, and load again as nft lists them';
test.skipIf(cannotAsk !== undefined)(
  cannotAsk === undefined ? title : `${title} (skipped: ${cannotAsk})`,
  () => {
    const namespace = `picket-test-${process.pid}-declared`;
    const run = (args: string[], input = '') =>
      execFileSync('ip', args, { input, encoding: 'utf8', stdio: 'pipe', timeout: 15_000 });
    const nft = (args: string[], input = '') => run(['netns', 'exec', namespace, 'nft', ...args], input);
    run(['netns', 'add', namespace]);
    try {
      for (const spec of fc.sample(declarations, { numRuns: 40, seed: 21 })) {
        const { text } = compiled(spec);
        nft(['-c', '-f', '-'], text);
        nft(['-f', '-'], `table inet picket\ndelete table inet picket\n${text}`);
        const listed = nft(['-s', 'list', 'ruleset']);
        nft(['-f', '-'], `flush ruleset\n${listed}`);
        expect(nft(['-s', 'list', 'ruleset'])).toBe(listed);
      }
    } finally {
      run(['netns', 'delete', namespace]);
    }
  },
);
