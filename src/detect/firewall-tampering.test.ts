import { expect, test } from 'vitest';
import { firewallTampering } from './firewall-tampering.ts';
import type { PacketFilterState } from './packet-filter-state.ts';

function watch() {
  const running = firewallTampering.create({});
  return (at: number, digest: string, changes: Partial<PacketFilterState> = {}) =>
    running.onPacketFilter!({
      at,
      machine: 'edge-1',
      change: 7,
      confirmedAt: '2026-11-30T10:00:00Z',
      digest,
      expected: 'as-it-should-be',
      isGone: false,
      ...changes,
    });
}

test('a table that is another one is told once, and again when it is yet another or changed after it was right', () => {
  const look = watch();
  expect(look(0, 'as-it-should-be')).toEqual([]);
  expect(look(30_000, 'other')).toMatchObject([
    {
      detector: 'firewall-tampering',
      severity: 'high',
      at: 30_000,
      entity: 'edge-1',
      title: 'Somebody changed the packet filter of edge-1',
      techniques: [{ id: 'T1686' }],
    },
  ]);
  expect(look(60_000, 'other')).toEqual([]);
  expect(look(90_000, 'another')).toHaveLength(1);
  expect(look(120_000, 'as-it-should-be')).toEqual([]);
  expect(look(150_000, 'another')).toHaveLength(1);
});

test('one that is gone is critical, with what was expected', () => {
  const [finding] = watch()(0, 'nothing', { isGone: true });
  expect(finding).toMatchObject({
    severity: 'critical',
    title: 'Somebody took away the packet filter of edge-1',
  });
  expect(finding!.explanation).toContain('it is gone, and nothing that it forbids is stopped any more');
  expect(finding!.evidence[1]).toEqual({ name: 'rules', value: 'none', expected: 'digest as-it-should' });
});

test('what is remembered is bounded', () => {
  const running = firewallTampering.create({});
  for (let n = 0; n < 1000; n++)
    running.onPacketFilter!({
      at: n,
      machine: `m${n}`,
      change: 1,
      confirmedAt: '',
      digest: 'a',
      expected: 'b',
      isGone: false,
    });
  expect(running.stateBytes()).toBeLessThan(4096);
  expect(running.evicted()).toBe(984);
});
