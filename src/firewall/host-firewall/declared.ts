import type { Span } from '../../diagnostic/diagnostic.ts';
import { isKind } from '../../manifest/kinds/definition.ts';
import { hostFirewallKind } from '../../manifest/kinds/host-firewall.ts';
import type { ManifestSet, Path } from '../../manifest/resource.ts';
import type { HostFirewall } from './model.ts';
import { type NameProblem, resolveHostFirewall } from './resolve.ts';

/** A HostFirewall that a set of manifests declares. */
export interface DeclaredHostFirewall {
  /** E.g. `HostFirewall edge`, or `picket.yaml` for that of the site file. */
  readonly name: string;
  /** Labels that a machine must have; undefined for the site file's, which stands in where no resource fits. */
  readonly nodeSelector: Readonly<Record<string, string>> | undefined;
  readonly firewall: HostFirewall;
  /** Names that nothing declares; with any, the declaration is not to be put in force. */
  readonly problems: readonly NameProblem[];
  /** Span of the value at `path` below the declaration, or of its nearest existing ancestor. */
  at(path: Path): Span;
  /** Span of the last key of `path`, likewise; of a list's item the whole item. */
  keyAt(path: Path): Span;
}

/**
 * Returns the HostFirewalls that the manifests declare and that fit their schema, resources first. Of resources of one name the last
 * counts, as it does when they are applied one after another.
 */
export function declaredHostFirewalls(manifests: ManifestSet): DeclaredHostFirewall[] {
  const hosts = manifests.site?.hosts ?? [];
  const byName = new Map<string, DeclaredHostFirewall>();
  for (const resource of manifests.resources) {
    if (!isKind(resource, hostFirewallKind)) continue;
    const { nodeSelector, ...spec } = resource.value.spec;
    byName.set(resource.name, {
      name: `HostFirewall ${resource.name}`,
      nodeSelector: nodeSelector ?? {},
      ...resolveHostFirewall(spec, hosts),
      at: (path) => resource.at(['spec', ...path]),
      keyAt: (path) => resource.keyAt(['spec', ...path]),
    });
  }
  const site = manifests.site?.firewall;
  if (site === undefined) return [...byName.values()];
  const own: DeclaredHostFirewall = {
    name: manifests.site?.file.replace(/^.*[/\\]/, '') ?? 'picket.yaml',
    nodeSelector: undefined,
    ...resolveHostFirewall(site.value, hosts),
    at: site.at,
    keyAt: site.keyAt,
  };
  return [...byName.values(), own];
}

/** Which declaration is in force on a machine. */
export interface HostFirewallChoice {
  readonly chosen: DeclaredHostFirewall | undefined;
  /** Others that fit it as well: which of them is in force is not told, and none is to be put in force. */
  readonly rivals: readonly DeclaredHostFirewall[];
}

/**
 * Returns the declaration for a machine with these labels: of those whose labels it has, the one that asks for the most; the site
 * file's where none does.
 */
export function hostFirewallFor(
  declared: readonly DeclaredHostFirewall[],
  labels: Readonly<Record<string, string>>,
): HostFirewallChoice {
  const rank = ({ nodeSelector }: DeclaredHostFirewall) =>
    nodeSelector === undefined ? -1 : Object.keys(nodeSelector).length;
  const fitting = declared.filter(({ nodeSelector }) =>
    Object.entries(nodeSelector ?? {}).every(
      ([key, value]) => Object.hasOwn(labels, key) && labels[key] === value,
    ),
  );
  const most = Math.max(...fitting.map(rank));
  const [chosen, ...rivals] = fitting.filter((one) => rank(one) === most);
  return { chosen, rivals };
}
