import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codeOf, importsOf, modulesBelow, root, target } from './modules.ts';

/** The folders of a room's folder. */
function areas(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`);
}

/** Rooms with units of which one file is one, and the registry that lists them. */
const registries = [
  ...areas('src/posture/checks').map((folder) => ({
    type: 'Check',
    folder,
    registry: `${folder}/registry.ts`,
  })),
  {
    type: 'FirewallCheck',
    folder: 'src/firewall/analysis/checks',
    registry: 'src/firewall/analysis/checks/registry.ts',
  },
  { type: 'Layer', folder: 'src/posture/layers', registry: 'src/posture/layers/registry.ts' },
  { type: 'DetectorDefinition', folder: 'src/detect', registry: 'src/detect/registry.ts' },
  { type: 'SensorDefinition', folder: 'src/sensor', registry: 'src/sensor/registry.ts' },
  { type: 'FlowSource', folder: 'src/sensor', registry: 'src/sensor/flow-source-registry.ts' },
  { type: 'ActionDefinition', folder: 'src/respond/actions', registry: 'src/respond/actions/registry.ts' },
  { type: 'CommandDefinition', folder: 'src/cli/commands', registry: 'src/cli/commands/registry.ts' },
];

test.each(registries)(
  'invariant 5: each $type is one file with one line in $registry',
  ({ type, folder, registry }) => {
    const definition = new RegExp(`^export const (\\w+)\\s*:\\s*${type}(?:<[^=]*>)?\\s*=`, 'gm');
    const listed = importsOf(registry)
      .filter(({ specifier, typeOnly }) => specifier.startsWith('./') && !typeOnly)
      .map(({ specifier }) => target(registry, specifier));
    const defining = modulesBelow(folder).filter(
      (module) => module !== registry && codeOf(module).match(definition),
    );
    expect(defining.length).toBeGreaterThan(0);
    for (const module of defining) {
      expect(codeOf(module).match(definition), `${module} exports one ${type}`).toHaveLength(1);
      expect(listed, `${module} is in ${registry}`).toContain(module);
    }
    expect([...listed].sort()).toEqual([...defining].sort());
  },
);

test.each(registries.filter(({ type }) => type !== 'CommandDefinition'))(
  'invariant 5: each $type in $folder has a sibling test',
  ({ type, folder, registry }) => {
    const definition = new RegExp(`^export const \\w+\\s*:\\s*${type}(?:<[^=]*>)?\\s*=`, 'm');
    for (const module of modulesBelow(folder)) {
      if (module === registry || !definition.test(codeOf(module))) continue;
      expect(existsSync(join(root, module.replace(/\.ts$/, '.test.ts'))), `${module} has a test`).toBe(true);
    }
  },
);

test('invariant 5: every area of checks is in the registry of checks', () => {
  const listed = importsOf('src/posture/checks/registry.ts').map(({ specifier }) => specifier);
  for (const area of areas('src/posture/checks')) {
    expect(listed).toContain(`./${area.slice('src/posture/checks/'.length)}/registry.ts`);
  }
});
