import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { nearest } from '../../../diagnostic/suggest.ts';
import { ingressNginx, ratePairs } from '../../../product/ingress-nginx.ts';
import { nginxAnnotationNames, removedNginxAnnotations } from '../../../product/ingress-nginx-annotations.ts';
import { nginxConfigMapKeys } from '../../../product/ingress-nginx-config-map.ts';
import type { NginxAnnotation } from '../../controls/nginx.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { allOf, removed, renamed } from './edits.ts';

/** Names that another check tells of, with what they mean. */
const rates: ReadonlySet<string> = new Set(ratePairs.flatMap(({ count, window }) => [count, window]));

/** Annotations under ingress-nginx's prefix that it does not read. */
export const unknownAnnotation: Check = {
  code: 'PKT1101',
  title: 'Unknown annotation of ingress-nginx',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `The annotation has ingress-nginx's prefix, and the controller (release ${ingressNginx.latest}, the last one) does not know it. Unknown
annotations are ignored without a word, so whatever it was meant to do does not happen.

Some names were read by earlier releases, some are keys of the controller's ConfigMap and hold for all Ingresses, and
some are a letter away from the right one. Write the right name, or delete the line.`,
  example: {
    bad: 'nginx.ingress.kubernetes.io/whitelist-source-ranges: 10.0.0.0/8',
    good: 'nginx.ingress.kubernetes.io/allowlist-source-range: 10.0.0.0/8',
  },
  run(declared) {
    return declared.controls.nginxAnnotations
      .filter(({ name }) => !nginxAnnotationNames.has(name) && !rates.has(name))
      .map((annotation) => finding(annotation, declared));
  },
};

function finding(annotation: NginxAnnotation, { manifests: { sources } }: Declared): Diagnostic {
  const { name, keySpan, ingress } = annotation;
  const gone = removedNginxAnnotations.get(name);
  const isElsewhere = gone !== undefined || nginxConfigMapKeys.has(name);
  const meant = isElsewhere ? undefined : nearest(name, nginxAnnotationNames.keys());
  const isThere =
    meant !== undefined && ingress.annotations[ingressNginx.annotationPrefix + meant] !== undefined;
  const edits = allOf([
    meant === undefined || isThere ? removed(sources, annotation) : renamed(sources, annotation, meant),
  ]);
  const fix: Fix | undefined = edits && {
    title: meant === undefined || isThere ? 'delete what is ignored' : `use \`${meant}\``,
    safe: meant === undefined || isThere,
    edits,
  };
  const since =
    gone === undefined
      ? ': it is ignored'
      : gone.release === undefined
        ? ' any more'
        : ` since ${gone.release}`;
  return diagnose(unknownAnnotation, {
    message: `ingress-nginx knows no annotation \`${name}\`${since}`,
    span: keySpan,
    help: helpFor(name, gone?.instead, isThere ? undefined : meant),
    ...(fix && { fix }),
  });
}

function helpFor(name: string, instead: string | undefined, meant: string | undefined): string {
  if (instead !== undefined) return instead;
  if (meant !== undefined) return `write \`${ingressNginx.annotationPrefix}${meant}\``;
  if (nginxConfigMapKeys.has(name)) {
    return `\`${name}\` is a key of the controller's ConfigMap: set it there, for all Ingresses, and delete it here`;
  }
  return 'delete it';
}
