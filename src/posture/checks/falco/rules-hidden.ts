import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import { falco } from '../../../product/falco.ts';
import type { ContainerFacts, MountFacts } from '../../controls/container-facts.ts';
import { type DataObject, dataObjectName } from '../../controls/data-object.ts';
import type { FalcoConfig } from '../../controls/falco.ts';
import type { Placed } from '../../controls/placed.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { isFalco, optionValues, readersOf } from './setup.ts';

/** A mount that hides rules of the image. */
export const rulesHidden: Check = {
  code: 'PKT1154',
  title: 'Rules hidden by a mount',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `A ConfigMap or Secret that is mounted at a directory takes the place of what the image has there. The list of rules files
names a file in that directory which is no key of the object: the file is not there, and Falco goes on without it and says
nothing. Mounting a ConfigMap at \`/etc/falco\` loses the shipped rules in this way.

Mount the object at a directory of its own, and tell Falco by \`-c\` where the file is.`,
  example: {
    bad: 'volumeMounts:\n- {name: config, mountPath: /etc/falco}   # has falco.yaml only',
    good: 'args: [falco, -c, /etc/edge-falco/falco.yaml]\nvolumeMounts:\n- {name: config, mountPath: /etc/edge-falco}',
  },
  run(declared) {
    return declared.controls.falcoConfigs.flatMap((config) =>
      readersOf(config, declared)
        .filter((container) => isFalco(container) && optionValues(container, '-r', '--rules').length === 0)
        .flatMap((container) => hiddenIn(config, container, declared)),
    );
  },
};

function hiddenIn(config: FalcoConfig, container: ContainerFacts, declared: Declared): Diagnostic[] {
  const hidden = config.rulesFiles.flatMap((item) => {
    if (optional.has(item.value.replace(/\/$/, ''))) return [];
    const mount = coveringMount(container, item.value);
    const object = mount && objectOf(mount.value, container, declared);
    const isThere = declared.controls.consumption
      .filesIn(container)
      .some(({ path }) => path === item.value || path.startsWith(`${item.value.replace(/\/$/, '')}/`));
    return mount === undefined || object === undefined || isThere ? [] : [{ item, mount, object }];
  });
  const [first] = hidden;
  if (first === undefined) return [];
  return [
    finding(
      first.mount,
      first.object,
      hidden.map(({ item }) => item),
    ),
  ];
}

/** Files that Falco ships empty, or not at all. */
const optional: ReadonlySet<string> = new Set(falco.shippedRulesFiles.slice(1));

/** The mount in which a path lies: the innermost, later ones before earlier ones. */
function coveringMount({ mounts }: ContainerFacts, path: string): Placed<MountFacts> | undefined {
  return mounts
    .filter(
      ({ value }) => path === value.mountPath || path.startsWith(`${value.mountPath.replace(/\/$/, '')}/`),
    )
    .reduce<Placed<MountFacts> | undefined>(
      (best, mount) => (best && best.value.mountPath.length > mount.value.mountPath.length ? best : mount),
      undefined,
    );
}

/** The one object that a mount shows as a whole; undefined when the volume is another kind or the set lacks it. */
function objectOf(
  mount: MountFacts,
  container: ContainerFacts,
  { controls }: Declared,
): DataObject | undefined {
  if (mount.subPath !== undefined || mount.subPathExpr !== undefined) return undefined;
  const shown = controls.consumption
    .filesIn(container)
    .filter(({ mountPath }) => mountPath.replace(/\/$/, '') === mount.mountPath.replace(/\/$/, ''));
  const [first] = shown;
  const whole = shown.every(({ key }) => key.object === first?.key.object);
  // A projected volume may have parts that the set does not show.
  const own = controls.consumption.usesOf(first?.key.object as DataObject);
  return whole && own.every(({ how }) => how !== 'projected') ? first?.key.object : undefined;
}

function finding(
  mount: Placed<MountFacts>,
  object: DataObject,
  items: readonly Placed<string>[],
): Diagnostic {
  const names = items.map(({ value }) => value).join(' and ');
  const isOne = items.length === 1;
  return diagnose(rulesHidden, {
    message: `${names} ${isOne ? 'is' : 'are'} not there: ${dataObjectName(object)} takes the place of all that the image has in ${mount.value.mountPath}`,
    span: mount.span,
    related: items.map(({ span }) => ({ span, message: 'Falco goes on without it and says nothing' })),
    help: 'mount the object at a directory of its own, such as /etc/edge-falco, and tell Falco by `-c` where its file is',
  });
}
