import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifests } from '../../manifest/read.ts';
import { Protocol } from '../../net/protocol.ts';
import { readInventory } from '../inventory.ts';
import { type Workload, workloadName } from '../model.ts';
import { Segmentation } from '../segmentation.ts';
import { entryEdges } from './edges.ts';
import { readEntries } from './entries.ts';

/**
 * Connectivity lists that netpol-analyzer computed. It joins all Ingresses and Routes into one source and takes away
 * what policies deny to it; Services with ways in of their own are no source there. So: what it lists must be among the
 * edges found here, and for pods that no policy isolates the two must be the same.
 */
const root = join(
  process.env.PICKET_SHARED ?? join(import.meta.dirname, '../../../../shared'),
  'data/netpol',
);

const nameOf = (workload: Workload) => `${workloadName(workload)}[${workload.kind}]`;
const cases = existsSync(root) ? readdirSync(root) : [];

function listedRows(name: string): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  for (const line of readFileSync(join(root, name, 'expected.connlist.txt'), 'utf8').split('\n')) {
    const [, pods, ports] = /^\{ingress-controller\} => (\S+) : TCP ([\d,]+)$/.exec(line.trim()) ?? [];
    if (pods !== undefined && ports !== undefined) rows.set(pods, ports.split(','));
    else expect(line).not.toContain('{ingress-controller}');
  }
  return rows;
}

describe.skipIf(cases.length === 0)(`ways in as in ${root}`, () => {
  const compared: string[] = [];

  test.each(cases)('%s', (name) => {
    const folder = join(root, name, 'input');
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(ya?ml|json)$/.test(path))
      .map((path) => join(folder, path));
    const { resources } = readManifests(paths.map((path) => ({ name: path, bytes: readFileSync(path) })));
    const inventory = readInventory(resources);
    const segmentation = new Segmentation(inventory, resources);
    const entries = readEntries(resources, inventory).filter(
      ({ kind }) => kind === 'Ingress' || kind === 'Route',
    );
    const found = Map.groupBy(entryEdges(entries), ({ workload }) => workload);
    const listed = listedRows(name);
    for (const [workload, edges] of found) {
      expect(edges.every(({ protocol }) => protocol === Protocol.Tcp)).toBe(true);
      const ports = [...new Set(edges.map(({ port }) => port))].sort((a, b) => a - b).map(String);
      const rows = listed.get(nameOf(workload)) ?? [];
      expect(ports).toEqual(expect.arrayContaining(rows));
      const { policies, possible } = segmentation.plan('ingress', workload.index);
      if (policies.length + possible.length > 0) continue;
      expect(`${nameOf(workload)} ${ports}`).toBe(`${nameOf(workload)} ${rows}`);
      compared.push(`${name} ${nameOf(workload)}`);
    }
    expect([...found.keys()].map(nameOf)).toEqual(expect.arrayContaining([...listed.keys()]));
  });

  test('something was compared', () => expect(compared.length).toBeGreaterThanOrEqual(4));
});
