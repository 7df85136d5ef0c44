import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { nearest } from '../../../diagnostic/suggest.ts';
import { fixedNginxSettings, ingressNginx } from '../../../product/ingress-nginx.ts';
import { nginxAnnotationNames } from '../../../product/ingress-nginx-annotations.ts';
import { nginxConfigMapKeys, removedNginxConfigMapKeys } from '../../../product/ingress-nginx-config-map.ts';
import type { NginxConfig, NginxSetting } from '../../controls/nginx.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { removeLines, replaceText } from '../yaml-edit.ts';
import { settingsOf } from './settings.ts';

/** Keys of ingress-nginx's ConfigMap that are none. */
export const unknownConfigKey: Check = {
  code: 'PKT1107',
  title: 'Unknown setting of ingress-nginx',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `The controller's ConfigMap has a key that the controller (release ${ingressNginx.latest}, the last one) does not know. Unknown keys are
ignored. Not each directive of nginx has a key: some are annotations of single Ingresses, some are always set by the
controller's own template.

Write the right key, or delete the line.`,
  example: {
    bad: 'data:\n  ssl-cipher: "ECDHE-ECDSA-AES128-GCM-SHA256"',
    good: 'data:\n  ssl-ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256"',
  },
  run(declared) {
    return settingsOf(declared).flatMap((config) =>
      config.settings
        .filter(({ name }) => !nginxConfigMapKeys.has(name))
        .map((setting) => finding(config, setting, declared)),
    );
  },
};

function finding(
  { settings }: NginxConfig,
  { name, keySpan, span }: NginxSetting,
  { manifests: { sources } }: Declared,
): Diagnostic {
  const gone = removedNginxConfigMapKeys.get(name);
  const isAnnotation = nginxAnnotationNames.has(name);
  const near = gone || isAnnotation ? undefined : nearest(name, nginxConfigMapKeys.keys());
  const meant = settings.some((setting) => setting.name === near) ? undefined : near;
  const edit =
    meant === undefined ? removeLines(sources, keySpan, span) : replaceText(sources, keySpan, name, meant);
  const fix: Fix | undefined = edit && {
    title: meant === undefined ? 'delete what is ignored' : `use \`${meant}\``,
    safe: meant === undefined,
    edits: [edit],
  };
  const fixed = fixedNginxSettings.get(name);
  const why =
    fixed ??
    (isAnnotation
      ? 'it is an annotation of single Ingresses'
      : gone === undefined
        ? 'it is ignored'
        : `it went${gone.release === undefined ? '' : ` with release ${gone.release}`}`);
  return diagnose(unknownConfigKey, {
    message: `ingress-nginx has no setting \`${name}\`: ${why}`,
    span: keySpan,
    help: helpFor(name, meant, gone?.instead, isAnnotation && fixed === undefined),
    ...(fix && { fix }),
  });
}

function helpFor(
  name: string,
  meant: string | undefined,
  instead: string | undefined,
  isAnnotation: boolean,
): string {
  if (meant !== undefined) return `write \`${meant}\``;
  if (instead !== undefined) return instead;
  if (isAnnotation)
    return `delete it; write \`${ingressNginx.annotationPrefix}${name}\` on the Ingresses that need it`;
  return 'delete it';
}
