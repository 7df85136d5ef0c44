import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import type { SourceTexts } from '../../../manifest/resource.ts';
import { ingressNginx, ratePairs } from '../../../product/ingress-nginx.ts';
import { removedNginxAnnotations } from '../../../product/ingress-nginx-annotations.ts';
import type { NginxAnnotation } from '../../controls/nginx.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { allOf, removed, renamed, rewritten } from './edits.ts';
import { type RateLimit, rateLimitOf } from './rate.ts';

/** A request rate in annotations that the controller does not read. */
export const rateLimitNotRead: Check = {
  code: 'PKT1100',
  title: 'Rate limit that ingress-nginx does not read',
  class: 'product',
  severity: 'error',
  since: '0.2.0',
  doc: `\`rate-limit\` and \`rate-limit-window\` are no annotations of ingress-nginx, and \`global-rate-limit\` with its window went
with release 1.12.0. Annotations that it does not know are ignored without a word: the Ingress looks limited and takes
everything.

The limits that exist are \`limit-rps\` and \`limit-rpm\` (requests per second and per minute), \`limit-connections\`,
\`limit-rate\` and \`limit-rate-after\` (bytes per second of an answer). All count per client address. A client may
exceed the rate for a moment by \`limit-burst-multiplier\` times, which is 5 unless you lower it.`,
  example: {
    bad: 'nginx.ingress.kubernetes.io/rate-limit: "100"\nnginx.ingress.kubernetes.io/rate-limit-window: "1m"',
    good: 'nginx.ingress.kubernetes.io/limit-rpm: "100"',
  },
  run(declared) {
    const byIngress = Map.groupBy(declared.controls.nginxAnnotations, ({ ingress }) => ingress);
    return [...byIngress.values()].flatMap((annotations) =>
      ratePairs.flatMap(({ count, window }) => {
        const pair = {
          count: annotations.find(({ name }) => name === count),
          window: annotations.find(({ name }) => name === window),
        };
        const real = annotations.find(({ name }) => name === 'limit-rps' || name === 'limit-rpm');
        return finding(pair, real, declared) ?? [];
      }),
    );
  },
};

interface Pair {
  readonly count: NginxAnnotation | undefined;
  readonly window: NginxAnnotation | undefined;
}

/** `real`: the annotation of the same Ingress that does limit the rate. */
function finding(
  pair: Pair,
  real: NginxAnnotation | undefined,
  { manifests }: Declared,
): Diagnostic | undefined {
  const found = [pair.count, pair.window].filter((one) => one !== undefined);
  const [first, second] = found;
  if (first === undefined) return undefined;
  const limit = pair.count && pair.window && rateLimitOf(pair.count.value, pair.window.value);
  const release = removedNginxAnnotations.get(first.name)?.release;
  const are = `${second === undefined ? 'is no annotation' : 'are no annotations'} of ingress-nginx`;
  const since = release === undefined ? '' : ` since release ${release}`;
  const follows = real === undefined ? 'nothing limits the rate of requests' : `only \`${real.name}\` counts`;
  const fix =
    real === undefined ? replacing(pair, limit, manifests.sources) : deleting(found, manifests.sources);
  return diagnose(rateLimitNotRead, {
    message: `${found.map(({ name }) => `\`${name}\``).join(' and ')} ${are}${since}: ${follows}`,
    span: first.keySpan,
    help: real === undefined ? helpFor(limit) : `delete ${second === undefined ? 'it' : 'them'}`,
    ...(fix && { fix }),
  });
}

function replacing(
  { count, window }: Pair,
  limit: RateLimit | undefined,
  sources: SourceTexts,
): Fix | undefined {
  if (count === undefined || window === undefined || !limit?.exact) return undefined;
  const edits = allOf([
    renamed(sources, count, limit.name),
    ...(count.value === String(limit.value) ? [] : [rewritten(sources, count, String(limit.value))]),
    removed(sources, window),
  ]);
  return edits && { title: `use \`${limit.name}\``, safe: false, edits };
}

function deleting(found: readonly NginxAnnotation[], sources: SourceTexts): Fix | undefined {
  const edits = allOf(found.map((one) => removed(sources, one)));
  return edits && { title: 'delete what is ignored', safe: true, edits };
}

function helpFor(limit: RateLimit | undefined): string {
  const { annotationPrefix, burstMultiplier } = ingressNginx;
  if (limit === undefined) {
    return `write \`${annotationPrefix}limit-rpm\` (requests per minute) or \`${annotationPrefix}limit-rps\` (per second)`;
  }
  const about = limit.exact ? '' : ', which is about that rate';
  const burst = limit.value * burstMultiplier;
  return `write \`${annotationPrefix}${limit.name}: "${limit.value}"\`${about}; bursts of ${burst} pass unless \`limit-burst-multiplier\` (${burstMultiplier}) is lowered`;
}
