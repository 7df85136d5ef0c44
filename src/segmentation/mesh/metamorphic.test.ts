import { expect, test } from 'vitest';
import type { Resource } from '../../manifest/resource.ts';
import { formatAddress, parseAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { Protocol } from '../../net/protocol.ts';
import { Dice, plainResource } from '../generate.oracle.ts';
import { readInventory } from '../inventory.ts';
import { generateMesh, meshAddresses, meshPorts, requests } from './generate.oracle.ts';
import { fold } from './mesh.fixture.ts';
import { Mesh } from './mesh.ts';

const rounds = 300;

// biome-ignore lint/suspicious/noExplicitAny: manifest values as they were generated
type Manifest = any;

/** Returns what the mesh says of every pair of workloads on some ports, with some requests. */
function answers(resources: readonly Resource[]): string[] {
  const inventory = readInventory(resources);
  const mesh = new Mesh(inventory, resources);
  const told: string[] = [];
  for (const source of inventory.workloads) {
    for (const destination of inventory.workloads) {
      for (const [index, port] of meshPorts.entries()) {
        const { headers: _, ...request } = requests[index % requests.length] ?? {};
        const question = { protocol: Protocol.Tcp, port, ...(index % 2 === 0 ? { request } : {}) };
        const ends = [source, destination].map((workload) => ({ kind: 'workload', workload }) as const);
        const reasons = mesh.judge({ source: ends[0]!, destination: ends[1]!, ...question });
        told.push(`${source.name} ${destination.name} ${port} ${fold(reasons)}`);
      }
    }
  }
  return told.sort();
}

/** Expects that the change makes no difference to any answer. */
function expectSame(change: (value: Manifest, dice: Dice) => Manifest[], seedOffset: number): void {
  for (let seed = 1; seed <= rounds; seed++) {
    const dice = new Dice(seed + seedOffset);
    const { resources } = generateMesh(dice);
    const changed = resources.flatMap(({ value }) =>
      change(structuredClone(value), dice).map((one) => plainResource(one)),
    );
    expect(answers(changed), `seed ${seed + seedOffset}`).toEqual(answers(resources));
  }
}

const isPolicy = ({ kind }: Manifest) => kind === 'AuthorizationPolicy';

test('the order of rules, and of the fields of a rule, makes no difference', () => {
  expectSame((value) => {
    if (!isPolicy(value)) return [value];
    for (const rule of value.spec.rules) for (const list of [rule.from, rule.to, rule.when]) list?.reverse();
    value.spec.rules.reverse();
    return [value];
  }, 10_000);
});

test('the order of objects makes no difference', () => {
  for (let seed = 1; seed <= rounds; seed++) {
    const { resources } = generateMesh(new Dice(seed + 20_000));
    expect(answers(resources.toReversed())).toEqual(answers(resources));
  }
});

test('a policy of several rules is several policies of one', () => {
  expectSame((value) => {
    if (!isPolicy(value) || value.spec.rules.length < 2) return [value];
    // Of policies that may or may not be there each part would be so on its own.
    if (value.spec.selector?.matchLabels?.['pod-template-hash'] !== undefined) return [value];
    return value.spec.rules.map((rule: Manifest, i: number) => ({
      ...value,
      metadata: { ...value.metadata, name: `${value.metadata.name}-${i}` },
      spec: { ...value.spec, rules: [rule] },
    }));
  }, 30_000);
});

test('a rule with several sources is several rules', () => {
  expectSame((value) => {
    if (!isPolicy(value)) return [value];
    value.spec.rules = value.spec.rules.flatMap((rule: Manifest) =>
      // On proxies that drop HTTP rules as a whole the parts would be dropped one by one.
      rule.from && !JSON.stringify(rule).match(/request|remote|sni/i)
        ? rule.from.map((from: Manifest) => ({ ...rule, from: [from] }))
        : [rule],
    );
    return [value];
  }, 40_000);
});

test('other names for labels make no difference', () => {
  expectSame((value) => {
    const renamed = JSON.stringify(value).replaceAll('"app":', '"tier":').replaceAll('"db"', '"store"');
    return [JSON.parse(renamed)];
  }, 50_000);
});

test('a policy that only audits makes no difference', () => {
  expectSame((value) => {
    if (!isPolicy(value)) return [value];
    const audit = structuredClone(value);
    audit.metadata.name += '-audit';
    audit.spec.action = 'AUDIT';
    return [value, audit];
  }, 60_000);
});

test('between the address ranges that policies name all addresses are judged alike', () => {
  const probes = [...meshAddresses, '10.1.0.200', '10.2.0.1', '198.51.100.8', '192.0.2.1', '2001:db8:9::1'];
  let compared = 0;
  for (let seed = 1; seed <= rounds; seed++) {
    const { resources } = generateMesh(new Dice(seed + 70_000));
    const inventory = readInventory(resources);
    const mesh = new Mesh(inventory, resources);
    const pieces = mesh.addressBlocks().map((prefix) => AddressSet.ofPrefixes([prefix]));
    const outside = probes.map((text) => parseAddress(text)!);
    const groups = Map.groupBy(outside, (address) => {
      return `${address.family} ${pieces.map((piece) => piece.contains(address))}`;
    });
    for (const [first, second] of groups.values()) {
      if (first === undefined || second === undefined) continue;
      for (const workload of inventory.workloads) {
        compared++;
        const [a, b] = [first, second].map((address) =>
          mesh.tcpBounds({ kind: 'external', address }, workload),
        );
        expect(`${a?.certain} ${a?.possible}`, `${formatAddress(first)} ${formatAddress(second)}`).toBe(
          `${b?.certain} ${b?.possible}`,
        );
      }
    }
  }
  expect(compared).toBeGreaterThan(rounds);
});
