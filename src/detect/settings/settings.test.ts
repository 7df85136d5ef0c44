import { describe, expect, test } from 'vitest';
import { readManifests } from '../../manifest/read.ts';
import type { Finding } from '../detector.ts';
import { flowOf, named } from '../flow.fixture.ts';
import { detectors } from '../registry.ts';
import { Exceptions } from './exceptions.ts';
import { detectSchema } from './schema.ts';
import { readDetectSettings } from './settings.ts';

const now = Date.parse('2026-11-30T12:00:00Z');

function read(text: string) {
  const { site } = readManifests([{ name: 'picket.yaml', bytes: new TextEncoder().encode(text) }]);
  const { settings, diagnostics } = readDetectSettings(site, detectors, now);
  const told = diagnostics.map(
    ({ code, severity, span }) => `${code} ${severity} ${span!.start.line}:${span!.start.column}`,
  );
  return { settings, diagnostics, told };
}

const findingOf = (changes: Partial<Finding> = {}): Finding => ({
  detector: 'port-scan',
  severity: 'medium',
  at: now,
  entity: '198.51.100.7',
  fingerprint: 'f',
  title: 'Port scan',
  explanation: 'It scans.',
  evidence: [],
  techniques: [],
  flows: [flowOf('198.51.100.7', '203.0.113.1', 22)],
  ...changes,
});

describe('what the site file says of detectors', () => {
  test('options, detectors that are off, exceptions', () => {
    const { settings, told } = read(`detect:
  port-scan: {contacts: 50}
  beacon: {enabled: false}
  failing-dial-out: {enabled: true, inside: [203.0.113.0/24]}
  exceptions:
  - detector: port-scan
    filter: src=198.51.100.7 and port=22
    reason: our scanner
    until: 2027-01-01
`);
    expect(told).toEqual([]);
    expect([...settings.options]).toEqual([
      ['port-scan', { contacts: 50 }],
      ['failing-dial-out', { inside: ['203.0.113.0/24'] }],
    ]);
    expect([...settings.off]).toEqual(['beacon']);
    expect(settings.exceptions).toMatchObject([
      { detector: 'port-scan', reason: 'our scanner', until: Date.parse('2027-01-01') },
    ]);
  });

  test('nothing said is everything as preset', () => {
    for (const text of ['site: a\n', 'site: a\ndetect:\n', 'detect: {port-scan: }\n']) {
      const { settings, told } = read(text);
      expect(told).toEqual([]);
      expect([settings.options.size, settings.off.size, settings.exceptions.length]).toEqual([0, 0, 0]);
    }
  });

  test('what is wrong is told at its place with what was meant, and left out', () => {
    const { settings, diagnostics, told } = read(`detect:
  port-scam: {contacts: 50}
  port-scan:
    contacts: many
    enabled: false
  beacon:
    maxPair: 7
  failing-dial-out: {failures: 60, inside: [203.0.113.0/99]}
  exceptions:
  - {detector: beacom, filter: src=198.51.100.7, reason: a, until: 2027-01-01}
  - {detector: beacon, filter: "sourc=198.51.100.7", reason: a, until: 2027-01-01}
  - {detector: beacon, filter: src=198.51.100.7, reason: a, until: tomorrow}
  - {detector: beacon, filter: src=198.51.100.7, until: 2027-01-01}
  - {detector: beacon, filter: " ", reason: a, until: 2027-01-01}
  - {detector: beacon, filter: src=198.51.100.7, reason: a, until: 2026-11-30}
`);
    expect(told).toEqual([
      'PKT0030 error 2:3',
      'PKT0030 error 7:5',
      'PKT0710 error 4:15',
      'PKT0710 error 8:45',
      'PKT0710 error 13:5',
      'PKT0711 error 10:16',
      'PKT0401 error 11:33',
      'PKT0710 error 12:68',
      'PKT0710 error 14:32',
      'PKT0712 warning 15:68',
    ]);
    expect(diagnostics[0]!.message).toContain('did you mean `port-scan`?');
    expect(diagnostics[1]!.message).toContain('did you mean `maxPairs`?');
    expect(diagnostics[3]!.message).toContain('is no prefix such as 203.0.113.0/24');
    expect(diagnostics[5]!.help).toBe('did you mean `beacon`?');
    expect(diagnostics[6]!.message).toBe('there is no key "sourc"');
    expect(settings.options.size).toBe(0);
    expect([...settings.off]).toEqual(['port-scan']);
    // The expired one is kept, so that it shows.
    expect(settings.exceptions.map(({ until }) => until)).toEqual([Date.parse('2026-11-30')]);
  });

  test('what is no mapping at all', () => {
    for (const text of ['detect: 7\n', 'detect: [beacon]\n', 'detect: {exceptions: {a: 1}}\n'])
      expect(read(text).told).toHaveLength(1);
    expect(read('detect: {beacon: off, exceptions: [7]}\n').told).toEqual([
      'PKT0710 error 1:18',
      'PKT0710 error 1:36',
    ]);
  });

  test('reading it twice tells the same twice: what was told stays with nobody', () => {
    const { site } = readManifests([
      { name: 'picket.yaml', bytes: new TextEncoder().encode('detect: {a: 1}\n') },
    ]);
    const first = readDetectSettings(site, detectors, now).diagnostics;
    expect(readDetectSettings(site, detectors, now).diagnostics).toEqual(first);
    expect(first).toHaveLength(1);
  });

  test('every option of every detector can be written', () => {
    const schema = detectSchema(detectors);
    for (const { id, options } of detectors)
      expect(schema.safeParse({ [id]: options.parse({}) })).toMatchObject({ success: true });
  });
});

describe('an exception', () => {
  const exceptionsOf = (filter: string, detector = 'port-scan', until = '2027-01-01') => {
    const text = JSON.stringify({ detector, filter, reason: 'known', until });
    const { settings, told } = read(`detect: {exceptions: [${text}]}\n`);
    return { exceptions: new Exceptions(settings.exceptions), told };
  };
  const holds = (filter: string, changes: Partial<Finding> = {}) =>
    exceptionsOf(filter).exceptions.holdBack(findingOf(changes));

  test('holds back findings of its detector that fit, and counts them', () => {
    const { exceptions } = exceptionsOf('src=198.51.100.0/24');
    expect(exceptions.holdBack(findingOf())).toBe(true);
    expect(exceptions.holdBack(findingOf({ at: now - 5 }))).toBe(true);
    expect(exceptions.holdBack(findingOf({ detector: 'beacon' }))).toBe(false);
    expect(exceptions.holdBack(findingOf({ flows: [flowOf('192.0.2.1', '203.0.113.1', 22)] }))).toBe(false);
    expect(exceptions.status(now)).toEqual([
      {
        detector: 'port-scan',
        filter: 'src=198.51.100.0/24',
        reason: 'known',
        until: Date.parse('2027-01-01'),
        isExpired: false,
        place: 'picket.yaml:1',
        heldBack: 2,
        lastAt: now,
      },
    ]);
  });

  test('by entity, source, destination, port, name', () => {
    for (const filter of ['entity=198.51.100.7', 'dst=203.0.113.1', 'port=22 not port=23', 'severity=medium'])
      expect([filter, holds(filter)]).toEqual([filter, true]);
    for (const filter of ['entity=198.51.100.8', 'dst=203.0.113.2', 'port=23', 'severity=high', 'ns=shop'])
      expect([filter, holds(filter)]).toEqual([filter, false]);
    expect(holds('ns=shop', { flows: [named(flowOf('10.0.0.1', '10.0.0.2', 1), 'shop/a', 'shop/b')] })).toBe(
      true,
    );
  });

  test('of a finding with several flows each has to fit: one that goes elsewhere as well is told', () => {
    const flows = [flowOf('198.51.100.7', '203.0.113.1', 22), flowOf('198.51.100.7', '203.0.113.2', 22)];
    expect(holds('dst=203.0.113.1', { flows })).toBe(false);
    expect(holds('not dst=203.0.113.9', { flows })).toBe(true);
    expect(holds('not dst=203.0.113.1', { flows })).toBe(false);
  });

  test('of a finding without flows nothing that is said of flows may matter', () => {
    expect(holds('entity=198.51.100.7', { flows: [] })).toBe(true);
    for (const filter of ['src=198.51.100.7', 'not src=198.51.100.8', 'entity=198.51.100.7 port!=22'])
      expect([filter, holds(filter, { flows: [] })]).toEqual([filter, false]);
    expect(holds('dst=a or entity=198.51.100.7', { flows: [] })).toBe(true);
  });

  test('ends: what was seen from then on is told', () => {
    const { exceptions, told } = exceptionsOf('src=198.51.100.7', 'port-scan', '2026-11-30T13:00:00+01:00');
    expect(told).toEqual(['PKT0712 warning 1:100']);
    expect(exceptions.holdBack(findingOf({ at: now - 1 }))).toBe(true);
    expect(exceptions.holdBack(findingOf({ at: now }))).toBe(false);
    expect(exceptions.status(now)[0]).toMatchObject({ isExpired: true, heldBack: 1 });
  });

  test('goes on counting when the file is read again, and begins anew when it is another', () => {
    const { exceptions } = exceptionsOf('port=22');
    exceptions.holdBack(findingOf());
    const { settings } = read(
      `detect: {exceptions: [${['port=22', 'port=23'].map((filter) => `{detector: port-scan, filter: ${filter}, reason: r, until: 2027-01-01}`)}]}\n`,
    );
    const again = new Exceptions(settings.exceptions, exceptions);
    expect(again.status(now).map(({ heldBack }) => heldBack)).toEqual([1, 0]);
  });

  test('may be for alerts of rules', () => {
    const { exceptions, told } = exceptionsOf('entity=shop/*', 'rules');
    expect(told).toEqual([]);
    expect(exceptions.holdBack(findingOf({ detector: 'rules', entity: 'shop/web', flows: [] }))).toBe(true);
  });
});
