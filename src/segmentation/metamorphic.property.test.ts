import { expect, test } from 'vitest';
import type { Resource } from '../manifest/resource.ts';
import { formatPrefix, lastAddress, parsePrefix, prefixCovers, prefixOf } from '../net/prefix.ts';
import { generateTieredCluster } from './cluster-policy/generate.oracle.ts';
import { Dice, plainResource } from './generate.oracle.ts';
import { readInventory } from './inventory.ts';
import { workloadName } from './model.ts';
import { Segmentation } from './segmentation.ts';

/** Clusters changed and judged again; PICKET_CASES=100000 for a long run. */
const clusters = Math.max(200, Number(process.env.PICKET_CASES ?? 20_000) / 100);

// biome-ignore lint/suspicious/noExplicitAny: manifest values as they were generated, valid or not
type Manifest = any;

/** Every answer between workloads on some ports, by names. */
function answers(resources: readonly Resource[]): Map<string, string> {
  const segmentation = new Segmentation(readInventory(resources), resources, { ipBlockMatchesPods: 'match' });
  const { workloads } = segmentation.inventory;
  const found = new Map<string, string>();
  for (const source of workloads) {
    for (const destination of workloads) {
      for (const [protocol, port] of [
        [6, 80],
        [6, 443],
        [17, 53],
        [132, 8080],
        [1, 0],
      ] as const) {
        const question = `${workloadName(source)} ${workloadName(destination)} ${protocol}/${port}`;
        found.set(question, segmentation.outcome(source.index, destination.index, protocol, port));
      }
    }
  }
  return found;
}

/** Returns a copy of a value with every object in it replaced by what `change` makes of it, innermost first. */
function rewrite(value: Manifest, change: (value: Manifest) => Manifest): Manifest {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return change(
    Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rewrite(member, change)])),
  );
}

function rewritten(resource: Resource, change: (value: Manifest) => Manifest): Resource {
  return plainResource(rewrite(resource.value, change), resource.schema);
}

function expectSame(name: string, change: (resources: readonly Resource[], dice: Dice) => Resource[]) {
  let changed = 0;
  for (let seed = 1; seed <= clusters; seed++) {
    const { resources } = generateTieredCluster(new Dice(seed));
    const after = change(resources, new Dice(-seed));
    if (
      JSON.stringify(after.map(({ value }) => value)) !== JSON.stringify(resources.map(({ value }) => value))
    ) {
      changed += 1;
    }
    expect([...answers(after)], `${name}, seed ${seed}`).toEqual([...answers(resources)]);
  }
  expect(changed).toBeGreaterThan(clusters / 4);
}

function shuffled<T>(list: readonly T[], dice: Dice): T[] {
  const left = [...list];
  return list.map(() => left.splice(dice.below(left.length), 1)[0] as T);
}

test('the order of rules, peers and ports of a NetworkPolicy does not matter', () => {
  expectSame('order', (resources, dice) =>
    resources.map((resource) => {
      if (resource.kind !== 'NetworkPolicy') return resource;
      return rewritten(resource, (value) => {
        const copy = { ...value };
        for (const list of ['ingress', 'egress', 'from', 'to', 'ports']) {
          if (Array.isArray(copy[list])) copy[list] = shuffled(copy[list], dice);
        }
        return copy;
      });
    }),
  );
});

test('the order of manifests does not matter', () => {
  const sorted = (resources: readonly Resource[]) => [...answers(resources)].sort();
  for (let seed = 1; seed <= clusters; seed++) {
    const { resources } = generateTieredCluster(new Dice(seed));
    expect(sorted(shuffled(resources, new Dice(-seed))), `seed ${seed}`).toEqual(sorted(resources));
  }
});

/** The two halves of a range, or itself when it is one address. */
function halves(text: string): string[] {
  const prefix = parsePrefix(text)!;
  const bits = prefix.address.family === 4 ? 32 : 128;
  if (prefix.length === bits) return [text];
  return [prefix.address, lastAddress(prefix)].map((end) => formatPrefix(prefixOf(end, prefix.length + 1)));
}

function halvedBlock({ cidr, except }: Manifest): Manifest[] {
  return halves(cidr).flatMap((half) => {
    const [outer, holes] = [parsePrefix(half)!, (except ?? []) as string[]];
    if (holes.some((hole) => prefixCovers(parsePrefix(hole)!, outer))) return [];
    const inside = holes.filter((hole) => prefixCovers(outer, parsePrefix(hole)!));
    return [{ cidr: half, ...(inside.length > 0 && { except: inside }) }];
  });
}

test('a range of addresses may be written as its two halves', () => {
  expectSame('halves', (resources) =>
    resources.map((resource) => {
      // Of a faulty policy nothing is known either way, and half of a fault may be none.
      if (resource.schema !== 'valid' || !/NetworkPolicy$/.test(resource.kind)) return resource;
      return rewritten(resource, (value) => {
        const copy = { ...value };
        if (Array.isArray(copy.networks)) copy.networks = copy.networks.flatMap(halves);
        for (const list of ['from', 'to']) {
          if (!Array.isArray(copy[list])) continue;
          copy[list] = copy[list].flatMap((peer: Manifest) => {
            const isPlain = peer?.ipBlock && Object.keys(peer).length === 1 && isSound(peer.ipBlock);
            return isPlain ? halvedBlock(peer.ipBlock).map((ipBlock) => ({ ipBlock })) : [peer];
          });
        }
        return copy;
      });
    }),
  );
});

function isSound({ cidr, except }: Manifest): boolean {
  const outer = parsePrefix(cidr)!;
  return ((except ?? []) as string[]).every((hole) => prefixCovers(outer, parsePrefix(hole)!));
}

test('labels may have other names', () => {
  const chosen = new Set(['app', 'tier', 'env', 'zone', 'rack']);
  const renameMap = (map: Manifest): Manifest =>
    Object.fromEntries(
      Object.entries(map).map(([key, text]) => (chosen.has(key) ? [`x-${key}`, `y-${text}`] : [key, text])),
    );
  expectSame('labels', (resources) =>
    resources.map((resource) =>
      rewritten(resource, (value) => {
        const copy = { ...value };
        for (const map of ['labels', 'matchLabels', 'selector']) {
          if (typeof copy[map] === 'object' && copy[map] !== null) copy[map] = renameMap(copy[map]);
        }
        if (typeof copy.operator === 'string' && chosen.has(copy.key)) {
          copy.key = `x-${copy.key}`;
          if (copy.values) copy.values = copy.values.map((text: string) => `y-${text}`);
        }
        return copy;
      }),
    ),
  );
});

test('how many pods a Deployment has does not matter, nor whether they are listed', () => {
  expectSame('replicas', (resources, dice) =>
    resources.flatMap((resource) => {
      const { metadata, spec } = resource.value as Manifest;
      if (resource.kind !== 'Deployment') return [resource];
      const replicas = 2 + dice.below(3);
      const owner = { apiVersion: 'apps/v1', controller: true };
      const labels = { ...spec.template.metadata.labels, 'pod-template-hash': 'abc' };
      const replicaSet = {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: {
          ...metadata,
          name: `${metadata.name}-abc`,
          ownerReferences: [{ ...owner, kind: 'Deployment', name: metadata.name }],
        },
        spec: { template: { ...spec.template, metadata: { labels } } },
      };
      const pods = Array.from({ length: replicas }, (_, at) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          ...metadata,
          name: `${metadata.name}-abc-${at}`,
          labels,
          ownerReferences: [{ ...owner, kind: 'ReplicaSet', name: `${metadata.name}-abc` }],
        },
        spec: spec.template.spec,
        status: { phase: 'Running' },
      }));
      const scaled = plainResource({ ...(resource.value as object), spec: { ...spec, replicas } });
      return [scaled, ...[replicaSet, ...pods].map((value) => plainResource(value))];
    }),
  );
});
