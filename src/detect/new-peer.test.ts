import { describe, expect, test } from 'vitest';
import { newPeer } from './new-peer.ts';
import { call, calls, day, hour, watch } from './novelty.fixture.ts';

describe('one of fixed ways', () => {
  const till = '10.1.0.5';
  const home = call(till, '198.51.100.7', 443);

  test('that connects to somebody for the first time is told, once, with its numbers', () => {
    const { see, live, findings } = watch(newPeer);
    live(0, 8 * day, home, call(till, '10.1.0.9', 5432));
    expect(findings).toEqual([]);
    const finding = see(call(till, '203.0.113.9', 8443)(8 * day))!;
    expect(finding).toMatchObject({
      detector: 'new-peer',
      severity: 'low',
      at: 8 * day,
      entity: till,
      title: '10.1.0.5 connected to 203.0.113.9 for the first time',
    });
    expect(finding.explanation).toBe(
      '10.1.0.5 connected to 203.0.113.9 on tcp port 8443, which it never did before. In 8 days of learning it had 2 different peers; it is of fixed ways. A new peer of a machine that does the same all day is a change that somebody made, or an intruder who moves on, fetches tools or calls home.',
    );
    expect(finding.evidence.map(({ name, value, expected }) => [name, value, expected])).toEqual([
      ['source', till, undefined],
      ['new peer', '203.0.113.9', 'one that was seen before'],
      ['service', 'tcp port 8443', undefined],
      ['peers learned', '2 in 8 days', undefined],
      ['new peers within 7 days', '1', 'at most 3 in the second half of learning, 0 after it'],
    ]);
    expect(finding.techniques.map(({ id }) => id)).toEqual(['T1071']);
    see(call(till, '203.0.113.9', 8443)(8 * day + 1));
    see(call(till, '203.0.113.77', 8443)(8 * day + 2));
    live(8 * day + hour, 10 * day, home);
    expect(findings).toHaveLength(1);
  });

  test('between declared ends it is moving on; from outside it is a way in', () => {
    const { see, live } = watch(newPeer);
    live(0, 8 * day, calls('shop/web', 'shop/api', 8080));
    expect(see(calls('shop/web', 'shop/db', 5432)(8 * day))).toMatchObject({
      entity: 'shop/web',
      title: 'shop/web connected to shop/db for the first time',
      techniques: [{ id: 'T1021' }],
    });
    live(8 * day, 16 * day, call('198.51.100.7', till, 22));
    expect(see(call('203.0.113.9', till, 22)(16 * day))).toMatchObject({
      entity: till,
      title: '203.0.113.9 connected to 10.1.0.5 for the first time',
      techniques: [{ id: 'T1133' }],
    });
  });

  test('a declared end stays who it is when its address changes', () => {
    const { see, live, findings } = watch(newPeer);
    live(0, 8 * day, calls('shop/web', 'shop/api', 8080));
    const flow = calls('shop/web', 'shop/api', 8080)(8 * day);
    const moved = call('10.1.7.7', '10.1.8.8', 8080)(8 * day);
    see({
      ...moved,
      source: { ...flow.source, address: moved.source.address },
      destination: { ...flow.destination, address: moved.destination.address },
    });
    expect(findings).toEqual([]);
  });

  test('a service that moves among addresses is known by its name, and by an address when the name was not seen', () => {
    const { see, live, findings } = watch(newPeer);
    const named = (address: string, dns: string) => call(till, address, 443, { names: { dns } });
    live(0, 8 * day, named('198.51.100.7', 'api.example'));
    see(named('203.0.113.9', 'api.example')(8 * day));
    see(call(till, '203.0.113.9', 443)(8 * day + 1));
    expect(findings).toEqual([]);
    see(named('192.0.2.1', 'other.example')(8 * day + 2));
    see(named('192.0.99.1', 'other.example')(8 * day + 3));
    see(call(till, '192.0.2.1', 443)(8 * day + 4));
    expect(findings.map(({ evidence }) => evidence[1]!.value)).toEqual(['192.0.2.1, called other.example']);
  });

  test('attempts, DNS, time and what goes to many are no peers', () => {
    const { see, live, findings } = watch(newPeer);
    live(0, 8 * day, home);
    see(call(till, '203.0.113.9', 443, { state: 'timed-out' })(8 * day));
    see(call(till, '203.0.113.9', 123, { protocol: 17 })(8 * day));
    see(call(till, '239.1.2.3', 5000, { protocol: 17 })(8 * day));
    see(call(till, '127.0.0.1', 5000)(8 * day));
    see(call('198.51.100.7', '203.0.113.9', 443)(8 * day));
    expect(findings).toEqual([]);
  });

  test('many new peers share an alert', () => {
    const { see, live, findings } = watch(newPeer);
    live(0, 8 * day, home);
    for (let n = 0; n < 40; n++) see(call(till, `10.2.${n}.1`, 445)(8 * day + n));
    expect(findings.map(({ title }) => title).slice(4)).toEqual([
      '10.1.0.5 connected to 10.2.4.1 for the first time',
      ...[1, 2, 4, 8, 16, 32].map((n) => `10.1.0.5 has many new peers: ${n} more`),
    ]);
  });

  test('under alert by whatever detector nothing is learned', () => {
    const { running, see, live } = watch(newPeer);
    live(0, day, home);
    const scan = { ...see(call(till, '10.9.9.9', 1)(0)), detector: 'port-scan', entity: till, at: day };
    running.onFinding!(scan as never);
    see(call(till, '203.0.113.9', 8443)(day + 1));
    live(day + hour, 8 * day, home);
    expect(see(call(till, '203.0.113.9', 8443)(8 * day))?.title).toContain('203.0.113.9');
  });
});

test('a desktop that browses is told nothing of', () => {
  const { see, findings } = watch(newPeer);
  for (let n = 0; n < 24 * 30; n++) see(call('10.1.0.7', `198.51.${n % 250}.${n >> 8}`, 443)(n * hour));
  expect(findings).toEqual([]);
});
