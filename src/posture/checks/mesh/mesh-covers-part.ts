import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Check } from '../definition.ts';
import { authenticationsOf, rootNamespace } from './declared-mesh.ts';

/** Strict mutual TLS in some namespaces of a set that has more. */
export const meshCoversPart: Check = {
  code: 'PKT1043',
  title: 'Strict mutual TLS in a part of the cluster',
  class: 'provable',
  severity: 'note',
  since: '0.2.0',
  doc: `A PeerAuthentication demands mutual TLS in its own namespace, and nothing demands it in the other namespaces that
these manifests use: traffic there may be plain text, from and to anyone. For the whole mesh at once, the policy belongs
into the root namespace (\`istio-system\`, unless the mesh is configured otherwise), where its name is by custom \`default\`.`,
  example: {
    bad: 'kind: PeerAuthentication\nmetadata: {name: default, namespace: production}',
    good: 'kind: PeerAuthentication\nmetadata: {name: default, namespace: istio-system}',
  },
  run(declared) {
    const strict = authenticationsOf(declared).filter(({ mode }) => mode === 'STRICT');
    const [first] = strict;
    if (first === undefined) return [];
    if (strict.some(({ namespace, selector }) => namespace === rootNamespace && selector.length === 0))
      return [];
    const covered = new Set(strict.map(({ namespace }) => namespace));
    const others = [
      ...new Set(
        declared.manifests.resources.flatMap(
          ({ namespace, kind, name }) => namespace ?? (kind === 'Namespace' ? name : []),
        ),
      ),
    ].filter((name) => !covered.has(name) && !/^kube-|^istio-system$/.test(name));
    if (others.length === 0) return [];
    const shown = others.slice(0, 5).join(', ');
    const more = others.length > 5 ? ` and ${others.length - 5} more` : '';
    return [
      diagnose(meshCoversPart, {
        message: `mutual TLS is demanded in ${[...covered].join(', ')} alone: nothing demands it in ${shown}${more}`,
        span: first.source.at(['metadata', 'namespace']),
        help: `move it to namespace ${rootNamespace}: there it holds for the whole mesh`,
      }),
    ];
  },
};
