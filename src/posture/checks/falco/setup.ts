import { falco } from '../../../product/falco.ts';
import { isFalcoBefore } from '../../../product/falco-release.ts';
import { fieldsOf } from '../../../segmentation/values.ts';
import type { ContainerFacts } from '../../controls/container-facts.ts';
import type { FalcoConfig } from '../../controls/falco.ts';
import type { Declared } from '../../posture.ts';

/** Returns the containers that have the configuration as a file. */
export function readersOf({ key }: FalcoConfig, { controls }: Declared): ContainerFacts[] {
  return [...new Set(controls.consumption.filesOf(key).map(({ container }) => container))];
}

/** Returns whether the container runs Falco: by its image, or its program. */
export function isFalco({ image, argv }: ContainerFacts): boolean {
  const repository = image?.repository ?? '';
  if (isOfficial(repository) || /(?:^|\/)falco(?:-no-driver|-distroless)?$/.test(repository)) return true;
  return argv.some(({ value }) => value === 'falco' || value.endsWith('/falco'));
}

/** Returns whether it is one of the project's own images, whose files are known. */
export function isOfficial(repository: string): boolean {
  return (falco.imageRepositories as readonly string[]).includes(repository);
}

/** Returns whether every container that reads the configuration is known to be older than a release. */
export function isBefore(config: FalcoConfig, release: string, declared: Declared): boolean {
  const readers = readersOf(config, declared);
  return readers.length > 0 && readers.every(({ image }) => isFalcoBefore(image?.tag, release) === true);
}

/** Returns whether the file has a list of further files, each of which may add to it. */
export function hasMoreFiles({ document }: FalcoConfig): boolean {
  return Object.hasOwn(fieldsOf(document.value), 'config_files');
}

/** Returns the values that a program is given for an option, e.g. `-r a -r b` or `--rules=a`. */
export function optionValues({ argv }: ContainerFacts, short: string, long: string): string[] {
  return argv.flatMap(({ value }, index) => {
    if (value === short || value === long) return argv[index + 1]?.value ?? [];
    if (value.startsWith(`${long}=`)) return value.slice(long.length + 1);
    return [];
  });
}

/** Returns a function that tells the configurations beside a rules file: of the same object, else of the same namespace. */
export function configsBeside({
  controls,
}: Declared): (object: FalcoConfig['key']['object']) => readonly FalcoConfig[] {
  const ofObject = Map.groupBy(controls.falcoConfigs, ({ key }) => key.object);
  const ofNamespace = Map.groupBy(controls.falcoConfigs, ({ key }) => key.object.namespace);
  return (object) => ofObject.get(object) ?? ofNamespace.get(object.namespace) ?? [];
}
