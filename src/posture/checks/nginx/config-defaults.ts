import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { ingressNginx } from '../../../product/ingress-nginx.ts';
import { nginxConfigMapKeys } from '../../../product/ingress-nginx-config-map.ts';
import type { NginxConfig } from '../../controls/nginx.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { removeLines } from '../yaml-edit.ts';
import { allOf } from './edits.ts';
import { settingsOf } from './settings.ts';

/** Settings of ingress-nginx that repeat its defaults. */
export const configDefaults: Check = {
  code: 'PKT1109',
  title: 'Settings that repeat the defaults',
  class: 'provable',
  severity: 'note',
  since: '0.2.0',
  doc: `These keys of the ConfigMap have the value that the controller has without them (release ${ingressNginx.latest}): they change nothing, and
hide the keys that do. Delete them, unless they are there to say so on purpose. Told once for a ConfigMap.`,
  example: { bad: 'ssl-redirect: "true"\nhsts-max-age: "63072000"', good: 'hsts-max-age: "63072000"' },
  run(declared) {
    return settingsOf(declared).flatMap((config) => finding(config, declared) ?? []);
  },
};

function finding({ object, settings }: NginxConfig, { manifests }: Declared): Diagnostic | undefined {
  const same = settings.filter(({ name, value }) => nginxConfigMapKeys.get(name)?.default === value.trim());
  const [first] = same;
  if (first === undefined) return undefined;
  const names = same.slice(0, 6).map(({ name }) => `\`${name}\``);
  const more = same.length > names.length ? ` and ${same.length - names.length} more` : '';
  // A ConfigMap without keys is no mapping any more.
  const edits =
    same.length < settings.length
      ? allOf(same.map(({ keySpan, span }) => removeLines(manifests.sources, keySpan, span)))
      : undefined;
  const fix: Fix | undefined = edits && { title: 'delete what repeats the defaults', safe: false, edits };
  return diagnose(configDefaults, {
    message: `${names.join(', ')}${more} ${same.length === 1 ? 'is as the default' : 'are as the defaults'} and change${same.length === 1 ? 's' : ''} nothing`,
    span: object.source.keyAt(['data']),
    help: `delete ${same.length === 1 ? 'it' : 'them'}`,
    ...(fix && { fix }),
  });
}
