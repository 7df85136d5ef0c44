import { expect, test } from 'vitest';
import { importsOf, modulesBelow, pureRooms, roomOf, target } from './modules.ts';

/** What each room may import, beside itself. Controls stand beside each other and never import one another. */
const mayImport: Readonly<Record<string, readonly string[]>> = (() => {
  const base = ['net', 'diagnostic'];
  const records = [...base, 'manifest', 'flow'];
  const controls = [...records, 'event', 'segmentation', 'firewall', 'wireguard', 'rules', 'product'];
  const judged = [...controls, 'posture'];
  const seen = [...judged, 'detect'];
  const pure = [...seen, 'incident', 'respond'];
  const all = [...pure, 'sensor', 'output', 'store', 'enforce', 'agent'];
  return {
    net: [],
    diagnostic: ['net'],
    manifest: base,
    flow: base,
    event: base,
    segmentation: records,
    firewall: records,
    wireguard: records,
    rules: [...records, 'event'],
    product: base,
    posture: controls,
    detect: judged,
    incident: seen,
    respond: [...seen, 'incident'],
    sensor: pure,
    output: pure,
    enforce: pure,
    store: pure,
    agent: all,
    cli: all,
  };
})();

test('invariant 2: imports run downwards', () => {
  const faults: string[] = [];
  for (const module of modulesBelow('src')) {
    const room = roomOf(module);
    const allowed = mayImport[room];
    if (!allowed) {
      faults.push(`${module}: the room ${room} has no place in the order`);
      continue;
    }
    for (const { specifier } of importsOf(module)) {
      if (!specifier.startsWith('.') || specifier.endsWith('package.json')) continue;
      const other = roomOf(target(module, specifier));
      if (other !== room && !allowed.includes(other))
        faults.push(`${module} imports ${target(module, specifier)}`);
    }
  }
  expect(faults).toEqual([]);
});

test('invariant 2: the console imports only pure rooms of src', () => {
  const pure = new Set<string>(pureRooms);
  const faults: string[] = [];
  for (const module of modulesBelow('console/src')) {
    for (const { specifier, typeOnly } of importsOf(module)) {
      if (!specifier.startsWith('.')) continue;
      const found = target(module, specifier);
      if (found.startsWith('src/') && !typeOnly && !pure.has(roomOf(found)))
        faults.push(`${module} imports ${found}`);
    }
  }
  expect(faults).toEqual([]);
});
