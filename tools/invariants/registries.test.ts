import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codeOf, importsOf, modulesBelow, root, target } from './modules.ts';

/** Rooms with units of which one file is one, and the registry that lists them. */
const registries = [
  { type: 'Check', folder: 'src/posture/checks', registry: 'src/posture/checks/registry.ts' },
  { type: 'DetectorDefinition', folder: 'src/detect', registry: 'src/detect/registry.ts' },
  { type: 'SensorDefinition', folder: 'src/sensor', registry: 'src/sensor/registry.ts' },
  { type: 'CommandDefinition', folder: 'src/cli/commands', registry: 'src/cli/commands/registry.ts' },
];

test.each(registries)(
  'invariant 5: each $type is one file with one line in the registry',
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
  'invariant 5: each $type has a sibling test',
  ({ type, folder, registry }) => {
    const definition = new RegExp(`^export const \\w+\\s*:\\s*${type}(?:<[^=]*>)?\\s*=`, 'm');
    for (const module of modulesBelow(folder)) {
      if (module === registry || !definition.test(codeOf(module))) continue;
      expect(existsSync(join(root, module.replace(/\.ts$/, '.test.ts'))), `${module} has a test`).toBe(true);
    }
  },
);
