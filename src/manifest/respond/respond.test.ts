import { expect, test } from 'vitest';
import { readManifests } from '../read.ts';
import { parseSocketText } from './socket-text.ts';

function read(respond: string) {
  const text = `respond:\n${respond.replace(/^/gm, '  ')}\n`;
  return readManifests([{ name: 'picket.yaml', bytes: new TextEncoder().encode(text) }]);
}

const good = `playbooks:
- name: scans
  match: detector=port-scan
  do:
  - {block: source, for: 1h, width: {ipv6: 64}}
  - {limit: destination, rate: 10/second burst 20, for: 10m}
  approval: false
  dryRun: false
  perHour: 3
protect: [192.0.2.0/24, '2001:db8::1']
probes: ['192.0.2.7:443', '[2001:db8::7]:443']
answerWithin: 5m
limits: {perHour: 4, active: 8, peers: 0, percent: 0.5, shortestPrefix: {ipv4: 24}}`;

test('a good one is read', () => {
  const { site, diagnostics } = read(good);
  expect(diagnostics).toEqual([]);
  expect(site?.respond?.value?.playbooks[0]).toMatchObject({ name: 'scans', dryRun: false });
  expect(site?.respond?.at(['playbooks', 0, 'match'])).toMatchObject({ start: { line: 4 } });
});

test.each([
  ['block: source, for: 1h', 'block: source', 'PKT0751'],
  ['rate: 10/second burst 20, ', '', 'PKT0751'],
  ['block: source, for: 1h', 'block: source, limit: source, for: 1h', 'PKT0751'],
  ['block: source, for', 'block: source, rate: 1/second, for', 'PKT0751'],
  ['for: 1h', 'for: 8d', 'PKT0750'],
  ['10/second burst', '10/second per source burst', 'PKT0750'],
  ['192.0.2.0/24', '192.0.2.1/24', 'PKT0750'],
  ['192.0.2.7:443', 'example.com:443', 'PKT0750'],
  ['perHour: 3', 'perHour: 0', undefined],
  ['block: source', 'block: everything', undefined],
  ['name: scans', 'name: A b', undefined],
])('what is wrong is told, and nothing is used: %s', (from, to, code) => {
  expect(good).toContain(from);
  const { site, diagnostics } = read(good.replace(from, to));
  expect(diagnostics.length).toBeGreaterThan(0);
  if (code !== undefined) expect(diagnostics.map((one) => one.code)).toContain(code);
  expect(site?.respond).toBeDefined();
  expect(site?.respond?.value).toBeUndefined();
});

test('two playbooks of one name', () => {
  const two = `playbooks:\n- {name: a, match: bb, do: [{block: source, for: 1h}]}\n- {name: a, match: cc, do: [{block: source, for: 1h}]}`;
  expect(read(two).diagnostics).toMatchObject([{ code: 'PKT0751', span: { start: { line: 4 } } }]);
  expect(read('playbooks: [{name: a, match: bb, do: []}]').diagnostics).toMatchObject([{ code: 'PKT0751' }]);
});

test('addresses with ports', () => {
  expect(parseSocketText('[2001:db8::1]:1')?.port).toBe(1);
  for (const text of ['', '1.2.3.4', '1.2.3.4:0', '1.2.3.4:65536', '[1.2.3.4]:1', '2001:db8::1:1', 'a:1'])
    expect(parseSocketText(text)).toBeUndefined();
});
