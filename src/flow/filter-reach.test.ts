import { expect, test } from 'vitest';
import { AddressSet } from '../net/address-set.ts';
import { PortSet } from '../net/port-set.ts';
import { parsePrefix } from '../net/prefix.ts';
import { type FilterableReach, parseReachFilter, reachFilterKeys } from './filter-reach.ts';

const row: FilterableReach = {
  source: { kinds: ['workload', 'Deployment'], name: 'shop/Web', namespace: 'shop' },
  destination: {
    kinds: ['external'],
    name: '203.0.113.0/24,2001:db8::/32',
    range: AddressSet.ofPrefixes([parsePrefix('203.0.113.0/24')!, parsePrefix('2001:db8::/32')!]),
  },
  protocol: 'TCP',
  outcome: 'allow',
  ports: PortSet.parse('80,8000-8100')!,
};

test.each([
  ['', true],
  ['source=shop/web', true],
  ['source=web', false],
  ['source=*/web', true],
  ['source=203.0.113.7', false],
  ['destination=203.0.113.7', true],
  ['destination=203.0.0.0/16', true],
  ['destination=2001:db8:1::/48', true],
  ['destination=198.51.100.0/24', false],
  ['destination=203.*', true],
  ['namespace=shop', true],
  ['namespace!=shop', false],
  ['kind=deployment kind=external', true],
  ['kind=entry', false],
  ['protocol=tcp', true],
  ['protocol=udp,sctp', false],
  ['port=80', true],
  ['port=81-8000', true],
  ['port=81', false],
  ['port>8100', false],
  ['port>=8100', true],
  ['port<80', false],
  ['port<=80', true],
  ['port<0', false],
  ['port>65535', false],
  ['not port=80', false],
  ['outcome=allow,unknown', true],
  ['outcome=deny', false],
  ['WEB db8', true],
  ['nginx or (web and port=8050)', true],
])('%s is %s', (filter, expected) => {
  const result = parseReachFilter(filter);
  if (!result.ok) throw new Error(result.diagnostics[0]?.message);
  expect(result.matches(row)).toBe(expected);
});

test.each([
  ['sources=a', 'PKT0401 there is no key "sources"; did you mean source?'],
  [
    'xyzzy=1',
    `PKT0401 there is no key "xyzzy"; keys are ${reachFilterKeys.map(({ key }) => key).join(', ')}`,
  ],
  ['port=http', 'PKT0402 "http" is no port; ports are 0 to 65535, ranges 80-90, lists 80,443'],
  ['port>80,443', 'PKT0402 ">" takes one number, not "80,443"'],
  ['source=198.51.100', 'PKT0402 "198.51.100" is neither an address nor a CIDR'],
  ['outcome=alow', 'PKT0402 "alow" is none of the values that this key can have; did you mean allow?'],
  ['protocol=icmp', 'PKT0402 "icmp" is none of the values that this key can have'],
])('%s cannot be read', (filter, expected) => {
  const result = parseReachFilter(filter);
  const said = result.ok
    ? []
    : result.diagnostics.map(({ code, message, help }) => `${code} ${message}${help ? `; ${help}` : ''}`);
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(expected);
});
