import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddress, ipv4 } from '../net/address.ts';
import { TopTalkers } from './top-talkers.ts';

const addition = fc.record({ host: fc.nat(40), bytes: fc.nat(1000) });

test('finds what counting everything finds, but for what it says may be missing', () => {
  fc.assert(
    fc.property(
      fc.array(addition, { maxLength: 300 }),
      fc.integer({ min: 1, max: 50 }),
      (additions, capacity) => {
        const talkers = new TopTalkers(capacity);
        const all = new Map<string, number>();
        for (const { host, bytes } of additions) {
          const address = ipv4(host);
          talkers.add(address, undefined, { flows: 1, packets: 1, bytes });
          all.set(formatAddress(address), (all.get(formatAddress(address)) ?? 0) + bytes);
        }
        const found = talkers.top(1000);
        for (const { address, bytes } of found) {
          expect(bytes).toBeLessThanOrEqual(all.get(address)!);
          expect(bytes + talkers.missing).toBeGreaterThanOrEqual(all.get(address)!);
        }
        const told = new Set(found.map(({ address }) => address));
        for (const [address, bytes] of all)
          if (!told.has(address)) expect(bytes).toBeLessThanOrEqual(talkers.missing);
        if (all.size <= 2 * capacity) expect(talkers).toMatchObject({ missing: 0, dropped: 0 });
      },
    ),
  );
});

test('holds no more than twice its capacity', () => {
  const talkers = new TopTalkers(100);
  for (let host = 0; host < 5_000; host++)
    talkers.add(ipv4(host), undefined, { flows: 1, packets: 1, bytes: host });
  expect(talkers.top(5_000).length).toBeLessThanOrEqual(200);
  expect(talkers.top(1)).toEqual([{ address: '0.0.19.135', flows: 1, packets: 1, bytes: 4_999 }]);
});
