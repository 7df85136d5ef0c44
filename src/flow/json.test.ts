import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ipv4, ipv6 } from '../net/address.ts';
import { flow } from './flow.fixture.ts';
import { flowFromJson, flowToJson } from './json.ts';

test('a flow survives JSON text unchanged', () => {
  fc.assert(
    fc.property(flow, (value) => {
      expect(flowFromJson(JSON.parse(JSON.stringify(flowToJson(value))))).toEqual(value);
    }),
    { numRuns: 300 },
  );
});

test('addresses stand in canonical text, protocols by name', () => {
  const json = flowToJson({
    id: '1',
    protocol: 6,
    source: { address: ipv4(0xc6336407), port: 4711 },
    destination: { address: ipv6(0x20010db8, 0, 0, 1), port: 443 },
    state: 'established',
    seenBy: 'source',
    openedAt: 1,
    reachedDestination: false,
    preexisting: false,
  });
  expect(json.protocol).toBe('tcp');
  expect(json.source.address).toBe('198.51.100.7');
  expect(json.destination.address).toBe('2001:db8::1');
});

test('refuses an address or a protocol that is none', () => {
  const good = flowToJson({
    id: '1',
    protocol: 200,
    source: { address: ipv4(1), port: 1 },
    destination: { address: ipv4(2), port: 2 },
    state: 'refused',
    seenBy: 'both',
    openedAt: 1,
    reachedDestination: true,
    preexisting: false,
  });
  expect(good.protocol).toBe('200');
  expect(() => flowFromJson({ ...good, protocol: 'tpc' })).toThrow('no such protocol: tpc');
  expect(() => flowFromJson({ ...good, protocol: '256' })).toThrow('256');
  expect(() => flowFromJson({ ...good, source: { address: '1.2.3', port: 1 } })).toThrow(
    'not an address: 1.2.3',
  );
});
