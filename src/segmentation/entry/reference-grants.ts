import type { Resource } from '../../manifest/resource.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../values.ts';
import { namespaceOf } from '../workloads.ts';

/** The API refuses more items in either list of a grant. */
const maxItems = 16;

/** Who may refer to what in another namespace (Gateway API, ReferenceGrant). */
export class ReferenceGrants {
  readonly #granted = new Set<string>();

  constructor(grants: readonly Resource[]) {
    for (const grant of grants) {
      const spec = fieldsOf(fieldAt(grant.value, 'spec'));
      const targets = listOf(spec.to).slice(0, maxItems).map(fieldsOf);
      for (const from of listOf(spec.from).slice(0, maxItems).map(fieldsOf)) {
        for (const to of targets) {
          const name = textOf(to.name) ?? '*';
          const key = [from.group, from.kind, from.namespace, to.group, to.kind, namespaceOf(grant), name];
          this.#granted.add(JSON.stringify(key));
        }
      }
    }
  }

  /** Returns whether routes of this kind in `from` may send to a Service in another namespace. */
  allowsService(routeKind: string, from: string, namespace: string, service: string): boolean {
    return [service, '*'].some((name) =>
      this.#granted.has(
        JSON.stringify(['gateway.networking.k8s.io', routeKind, from, '', 'Service', namespace, name]),
      ),
    );
  }
}
