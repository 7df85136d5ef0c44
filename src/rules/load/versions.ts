import { rulesValidate, rulesYamlValidate } from './codes.ts';
import type { Item } from './read-items.ts';

/** Version of Falco's engine whose language this is. */
export const engineVersion = '0.63.0';

/** What files may ask for. */
export interface Versions {
  readonly engine: string;
  /** Version of each plugin whose events and fields are built in. */
  readonly plugins: ReadonlyMap<string, string>;
}

/** Plugins whose fields are built in, with the versions that they follow. */
export const builtInPlugins: ReadonlyMap<string, string> = new Map([
  ['container', '0.7.0'],
  ['json', '0.7.4'],
  ['k8saudit', '0.18.0'],
]);

/** Tells whether an item asks for a newer engine, or for a plugin that there is not. */
export function checkVersions(item: Item, { engine, plugins }: Versions): void {
  if (item.kind === 'required_engine_version') {
    const text = item.text(item.kind)?.text;
    const wanted = text === undefined ? undefined : parseVersion(/^\d+$/.test(text) ? `0.${text}.0` : text);
    if (wanted === undefined)
      item.report(rulesYamlValidate, "Can't decode YAML scalar value", item.at(item.kind));
    else if (compare(wanted, parseVersion(engine) as Version) > 0) {
      item.report(
        rulesValidate,
        `Rules require engine version ${text}, but engine version is ${engine}`,
        item.at(item.kind),
      );
    }
    return;
  }
  const { required_plugin_versions: list } = item.fields;
  if (!Array.isArray(list)) {
    item.report(
      rulesYamlValidate,
      'Value of required_plugin_versions must be a sequence',
      item.at(item.kind),
    );
    return;
  }
  for (const index of list.keys()) {
    const alternatives = Array.isArray(list[index]?.alternatives) ? [...list[index].alternatives.keys()] : [];
    const places = [
      [item.kind, index],
      ...alternatives.map((one) => [item.kind, index, 'alternatives', one]),
    ];
    const asked = places.map((path) => ({
      name: item.text(...path, 'name')?.text,
      version: item.text(...path, 'version')?.text,
    }));
    const missing = asked.findIndex(({ name, version }) => name === undefined || version === undefined);
    if (missing >= 0) {
      const key = asked[missing]?.name === undefined ? 'name' : 'version';
      item.report(
        rulesYamlValidate,
        `required_plugin_versions item must have ${key} property`,
        item.at(item.kind, index),
      );
      continue;
    }
    const isMet = asked.some(({ name, version }) => {
      const has = parseVersion(plugins.get(name as string) ?? '');
      const wants = parseVersion(version as string);
      return has !== undefined && wants !== undefined && compare(has, wants) >= 0;
    });
    if (isMet) continue;
    const names = asked.map(({ name, version }) => `${name} ${version}`).join(' or ');
    item.report(
      rulesValidate,
      `Rules require plugin ${names}, which is not there`,
      item.at(item.kind, index),
    );
  }
}

type Version = readonly [number, number, number];

/** Pre-release and build parts are left aside. */
function parseVersion(text: string): Version | undefined {
  const found = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+].*)?$/.exec(text);
  return found === null ? undefined : [Number(found[1]), Number(found[2]), Number(found[3])];
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
