import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Resource } from '../../../manifest/resource.ts';
import { identityOf } from '../../../segmentation/inventory.ts';
import type { Check } from '../definition.ts';

/** The same object twice: the later one replaces the earlier one. */
export const duplicateObject: Check = {
  code: 'PKT1005',
  title: 'Object declared twice',
  class: 'provable',
  severity: 'warning',
  since: '0.1.0',
  doc: `Two objects of these manifests have the same kind, namespace and name. When they are applied in this order the
later one replaces the earlier one, and so it does for Picket: all answers rest on the later one.

Rename one of them, or check the variants of a deployment one by one.`,
  run({ manifests }) {
    const last = new Map<string, Resource>();
    for (const resource of manifests.resources) last.set(identityOf(resource), resource);
    return manifests.resources.flatMap((resource) => {
      const winner = last.get(identityOf(resource)) as Resource;
      if (winner === resource) return [];
      const { kind, name, namespace } = resource;
      const where = namespace === undefined ? name : `${namespace}/${name}`;
      return [
        diagnose(duplicateObject, {
          message: `${kind} ${where} is declared again later and replaced by that`,
          span: resource.at(['metadata', 'name']),
          related: [{ span: winner.at(['metadata', 'name']), message: 'this one counts' }],
          help: 'rename one of them, or check them apart',
        }),
      ];
    });
  },
};
