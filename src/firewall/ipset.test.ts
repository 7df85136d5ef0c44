import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { protocolNumber } from '../net/protocol.ts';
import { applyIpsetText } from './ipset.ts';
import { matchOfSet } from './ipset-match.ts';
import { shownMatch } from './model.fixture.ts';
import { cannotAsk } from './network.fixture.ts';
import { matchesAll, type Packet } from './packet.ts';
import { address } from './rules.fixture.ts';
import type { Match } from './ruleset.ts';
import { RulesetBuilder } from './ruleset-builder.ts';

const text = `create hosts hash:ip family inet hashsize 1024 maxelem 65536
add hosts 192.0.2.1
add hosts 192.0.2.8-192.0.2.11
create nets hash:net family inet
add nets 198.51.100.0/24
add nets 198.51.100.64/26 nomatch
add nets 198.51.100.70
create services hash:ip,port family inet
add services 192.0.2.1,tcp:80
add services 192.0.2.2,tcp:80
add services 192.0.2.1,udp:53-55
add services 192.0.2.1,icmp:echo-request
create nets6 hash:net family inet6
add nets6 2001:db8::/64
create netports hash:net,port
add netports 203.0.113.0/24,tcp:22
add netports 203.0.113.128/25,tcp:22 nomatch
create three hash:ip,port,ip
add three 192.0.2.1,tcp:80,198.51.100.1
create pairs hash:net,net
add pairs 192.0.2.0/24,198.51.100.0/24
create ports bitmap:port range 0-1024
add ports 22
add ports 80-90
create block bitmap:ip range 192.0.2.0/24
add block 192.0.2.64/26
create all list:set
add all hosts
add all nets
`;

/** Sets, and elements to ask for. */
const asked: Readonly<Record<string, readonly string[]>> = {
  hosts: ['192.0.2.1', '192.0.2.2', '192.0.2.9', '192.0.2.12'],
  nets: ['198.51.100.1', '198.51.100.65', '198.51.100.70', '198.51.100.71', '198.51.101.1'],
  services: [
    '192.0.2.1,tcp:80',
    '192.0.2.2,tcp:80',
    '192.0.2.2,udp:53',
    '192.0.2.1,udp:55',
    '192.0.2.1,tcp:53',
  ],
  nets6: ['2001:db8::1', '2001:db8:0:1::1'],
  netports: ['203.0.113.1,tcp:22', '203.0.113.200,tcp:22', '203.0.113.1,udp:22', '203.0.113.1,tcp:23'],
  three: ['192.0.2.1,tcp:80,198.51.100.1', '192.0.2.1,tcp:80,198.51.100.2', '192.0.2.2,tcp:80,198.51.100.1'],
  pairs: ['192.0.2.7,198.51.100.7', '192.0.3.7,198.51.100.7', '192.0.2.7,198.51.101.7'],
  ports: ['22', '85', '91'],
  block: ['192.0.2.65', '192.0.2.1'],
};

function setsOf(lines: string): RulesetBuilder {
  const builder = new RulesetBuilder();
  applyIpsetText(builder, lines, 0);
  expect([builder.problems, builder.ruleset.opaque]).toEqual([[], []]);
  return builder;
}

function matches(
  builder: RulesetBuilder,
  name: string,
  directions: string,
  family: 4 | 6 = 4,
): readonly Match[] {
  const match: Match = { kind: 'opaque', text: name, negated: false };
  const reference = { match, name, directions: directions.split(','), negated: false };
  return matchOfSet(reference, builder.ipsets, family, builder.changedSets.has(name));
}

/** The packet that an element speaks of, with the addresses as its source and destination. */
function packetOf(element: string): Packet {
  const parts = element.split(',');
  const [source, destination] = parts.filter((part) => /\d\.\d|::/.test(part)).map(address);
  const [, protocol = 'tcp', port] = /(?:^|,)(?:([a-z]+):)?(\d+)(?:,|$)/.exec(element) ?? [];
  return {
    family: source?.family ?? 4,
    chain: 'INPUT',
    protocol: protocolNumber(protocol) ?? 0,
    state: 'NEW',
    ...(source && { source }),
    ...(destination && { destination }),
    ...(port !== undefined && { port: Number(port) }),
  };
}

const isIn = (builder: RulesetBuilder, set: string, element: string) => {
  const packet = packetOf(element);
  const directions = set === 'ports' ? 'dst' : 'src,dst,dst';
  const found = matches(builder, set, set === 'pairs' ? 'src,dst' : directions, packet.family);
  return matchesAll(found, packet, 'INPUT');
};

const reason = cannotAsk ?? (existsSync('/usr/sbin/ipset') ? undefined : 'needs ipset');
test.skipIf(reason !== undefined)(`sets hold what ipset says${reason ? ` (skipped: ${reason})` : ''}`, () => {
  // Line by line, for not every kernel has every type of set.
  const run = (script: string) =>
    execFileSync('unshare', ['--net', 'sh', '-c', script], { input: text, encoding: 'utf8', stdio: 'pipe' });
  const make = 'while read -r line; do ipset -q $line; done';
  const known = new Set(run(`${make}; ipset list -n`).split('\n'));
  const questions = Object.entries(asked).flatMap(([set, elements]) =>
    known.has(set) ? elements.map((element): [string, string] => [set, element]) : [],
  );
  const tests = questions.map(([set, element]) => `ipset -q test ${set} ${element} && echo yes || echo no`);
  const said = run(`${make}; ${tests.join('; ')}`)
    .trimEnd()
    .split('\n');
  const saved = run(`${make}; ipset save`);
  expect(known.size).toBeGreaterThan(5);
  for (const builder of [setsOf(text), setsOf(saved)]) {
    const found = questions.map(([set, element]) => [set, element, isIn(builder, set, element)]);
    expect(found).toEqual(questions.map(([set, element], i) => [set, element, said[i] === 'yes']));
  }
  expect(new Set(said).size).toBe(2);
});

describe('what references to sets are in the model', () => {
  const shown = (lines: string, name: string, directions: string, family: 4 | 6 = 4) =>
    matches(setsOf(lines), name, directions, family).map(shownMatch).join('; ');

  test('elements with the same rest are one', () => {
    expect(shown(text, 'services', 'src,dst')).toBe(
      'any of [source 192.0.2.1/32 & protocol icmp & icmp 1 8/* & icmp 1 */0 | '.replace(
        'protocol icmp & ',
        '',
      ) +
        'source 192.0.2.1/32 & protocol udp & destination port 53-55 raw | ' +
        'source 192.0.2.1/32,192.0.2.2/32 & protocol tcp & destination port 80 raw]',
    );
    expect(shown(text, 'hosts', 'dst')).toBe('destination 192.0.2.1/32,192.0.2.8/30');
  });

  test('lists, other versions, unknown sets', () => {
    expect(shown(text, 'all', 'src')).toMatch(/^any of \[source 192\.0\.2\.1.* \| source 198\.51\.100\.0/);
    expect(shown(text, 'nets6', 'src')).toBe('any of []');
    expect(shown(text, 'none', 'src')).toBe('opaque none');
  });

  test('what passes may be gone', () => {
    const timed = 'create t hash:ip timeout 60\nadd t 192.0.2.1 timeout 30\nadd t 192.0.2.2 timeout 0\n';
    expect(shown(timed, 't', 'src')).toBe(
      'any of [source 192.0.2.1/32 & opaque an element of a set is there still varies | source 192.0.2.2/32]',
    );
  });

  test('commands', () => {
    const made = (lines: string) => shown(`create a hash:ip\nadd a 192.0.2.1\n${lines}`, 'a', 'src');
    expect(made('add a 192.0.2.2\ndel a 192.0.2.1\n')).toBe('source 192.0.2.2/32');
    expect(made('flush a\n')).toBe('any of []');
    expect(made('destroy a\n')).toBe('opaque a');
    expect(made('create b hash:ip\nadd b 192.0.2.3\nswap a b\n')).toBe('source 192.0.2.3/32');
    expect(made('del a 192.0.2.0/24\n')).toBe('opaque a');
  });
});
