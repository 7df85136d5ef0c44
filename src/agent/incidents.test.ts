import { expect, test } from 'vitest';
import type { Alert } from '../detect/detector.ts';
import type { Incident } from '../incident/incident.ts';
import type { OwnMachine } from '../incident/site-names.ts';
import { parseAddress } from '../net/address.ts';
import { postureOf } from '../posture/posture.fixture.ts';
import { podYaml } from '../segmentation/manifests.fixture.ts';
import { openMemoryStore } from '../store/memory.ts';
import { alert, noon } from '../store/store.fixture.ts';
import { Incidents, type IncidentsParts } from './incidents.ts';

const shop = podYaml('web', 'app: web', '', 'podIP: 10.1.0.1');

function incidentsOf(parts: Partial<IncidentsParts> = {}) {
  const store = parts.store ?? openMemoryStore();
  const told: [Incident, boolean][] = [];
  let ids = 0;
  const incidents = new Incidents({
    store,
    newId: () => `i${++ids}`,
    posture: postureOf(shop, ''),
    observers: [
      { flow: () => undefined, alert: () => undefined, incident: (...told1) => void told.push(told1) },
    ],
    ...parts,
  });
  return { incidents, store, told };
}

const scan = (n: number, change: Partial<Alert> = {}) => alert(n, { flows: [], ...change });

test('alerts become incidents at the next tick: stored, told, and each alert knows its own', () => {
  const store = openMemoryStore();
  const { incidents, told } = incidentsOf({ store });
  incidents.alert(scan(1));
  expect(told).toEqual([]);
  incidents.tick(noon + 2000);
  incidents.alert(scan(2));
  incidents.tick(noon + 3000);
  incidents.tick(noon + 4000);
  expect(told.map(([{ id, alertCount }, isNew]) => [id, alertCount, isNew])).toEqual([
    ['i1', 1, true],
    ['i1', 2, false],
  ]);
  expect(store.incident('i1')).toEqual(told[1]?.[0]);
  expect(store.alert('alert-2')).toEqual({ ...scan(2), incident: 'i1' });
  expect(incidents.status()).toMatchObject({ open: 1, unresolved: { high: 1 }, opened: 1, held: 1 });
});

test('after a restart they go on, and what is too old to go on can still be resolved', () => {
  const store = openMemoryStore();
  const first = incidentsOf({ store });
  first.incidents.alert(scan(1));
  first.incidents.tick(noon + 2000);
  const second = incidentsOf({ store, newId: () => 'other' });
  second.incidents.restore();
  second.incidents.alert(scan(60, { id: 'alert-60' }));
  second.incidents.tick(noon + 61_000);
  expect(second.told.map(([{ id, alertCount }, isNew]) => [id, alertCount, isNew])).toEqual([
    ['i1', 2, false],
  ]);
  const third = incidentsOf({ store });
  expect(third.incidents.act('i1', { kind: 'resolve', at: noon })).toMatchObject({
    incident: { id: 'i1', state: 'resolved' },
  });
  expect(store.incident('i1')?.state).toBe('resolved');
  expect(third.incidents.act('i1', { kind: 'resolve', at: noon })).toEqual({
    problem: 'it is resolved already',
  });
  expect(third.incidents.act('nobody', { kind: 'resolve', at: noon })).toBeUndefined();
});

test('what is declared and what is this machine go by one name, and posture and addresses may change', () => {
  let addresses = ['192.0.2.50'];
  const own = (): OwnMachine => ({
    name: 'edge-1',
    addresses: addresses.map((text) => parseAddress(text)!),
    gateways: [],
    nameservers: [],
  });
  const { incidents, told } = incidentsOf({ own });
  const by = (n: number, entity: string) => incidents.alert(scan(n, { entity, fingerprint: `${n}` }));
  by(1, '10.1.0.1');
  by(2, 'shop/web');
  by(3, '192.0.2.50');
  by(4, 'edge-1');
  incidents.tick(noon + 5000);
  expect(told.map(([{ entities }]) => entities.map(({ kind, name }) => `${kind} ${name}`))).toEqual([
    ['workload shop/web'],
    ['host edge-1'],
  ]);
  addresses = ['192.0.2.60'];
  incidents.tick(noon + 70_000);
  by(5, '192.0.2.60');
  incidents.replacePosture(postureOf('', 'site: x\nhosts:\n  plc: 10.1.0.1\n'));
  incidents.tick(noon + 71_000);
  by(6, '10.1.0.1');
  incidents.tick(noon + 72_000);
  expect(told.slice(2).map(([{ entities }]) => entities.map(({ name }) => name))).toEqual([
    ['edge-1'],
    ['plc'],
  ]);
});
