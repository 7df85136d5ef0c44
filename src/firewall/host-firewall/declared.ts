import type { Span } from '../../diagnostic/diagnostic.ts';
import type { HostFirewallSpec } from '../../manifest/host-firewall/schema.ts';
import { isKind } from '../../manifest/kinds/definition.ts';
import { hostFirewallKind } from '../../manifest/kinds/host-firewall.ts';
import type { ManifestSet, Path, Resource } from '../../manifest/resource.ts';
import type { SiteHost } from '../../manifest/site.ts';
import type { HostFirewall } from './model.ts';
import { type NameProblem, resolveHostFirewall } from './resolve.ts';

/** A HostFirewall that a set of manifests declares. */
export interface DeclaredHostFirewall {
  /** E.g. `HostFirewall edge`, or `picket.yaml` for that of the site file. */
  readonly name: string;
  /** Labels that a machine must have; undefined for the site file's, which stands in where no resource fits. */
  readonly nodeSelector: Readonly<Record<string, string>> | undefined;
  /** Undefined where it does not fit its schema or names what is not declared: none of it is to be put in force then. */
  readonly firewall: HostFirewall | undefined;
  /** Names that nothing declares. */
  readonly problems: readonly NameProblem[];
  /** Span of the value at `path` below the declaration, or of its nearest existing ancestor. */
  at(path: Path): Span;
  /** Span of the last key of `path`, likewise; of a list's item the whole item. */
  keyAt(path: Path): Span;
}

/**
 * Returns the HostFirewalls that the manifests declare, faulty ones too, resources first. Of resources of one name the last counts,
 * as it does when they are applied one after another.
 */
export function declaredHostFirewalls(manifests: ManifestSet): DeclaredHostFirewall[] {
  const hosts = manifests.site?.hosts ?? [];
  const byName = new Map<string, DeclaredHostFirewall>();
  for (const resource of manifests.resources) {
    if (isHostFirewall(resource)) byName.set(resource.name, ofResource(resource, hosts));
  }
  const site = manifests.site?.firewall;
  if (site === undefined) return [...byName.values()];
  const own: DeclaredHostFirewall = {
    name: manifests.site?.file.replace(/^.*[/\\]/, '') ?? 'picket.yaml',
    nodeSelector: undefined,
    ...resolved(site.value, hosts),
    at: site.at,
    keyAt: site.keyAt,
  };
  return [...byName.values(), own];
}

function isHostFirewall({ kind, apiVersion }: Resource): boolean {
  return kind === hostFirewallKind.kind && hostFirewallKind.apiVersions.includes(apiVersion);
}

function ofResource(resource: Resource, hosts: readonly SiteHost[]): DeclaredHostFirewall {
  const spec = isKind(resource, hostFirewallKind) ? resource.value.spec : undefined;
  return {
    name: `HostFirewall ${resource.name}`,
    nodeSelector: spec?.nodeSelector ?? {},
    ...resolved(spec, hosts),
    at: (path) => resource.at(['spec', ...path]),
    keyAt: (path) => resource.keyAt(['spec', ...path]),
  };
}

function resolved(
  spec: HostFirewallSpec | undefined,
  hosts: readonly SiteHost[],
): Pick<DeclaredHostFirewall, 'firewall' | 'problems'> {
  if (spec === undefined) return { firewall: undefined, problems: [] };
  const { firewall, problems } = resolveHostFirewall(spec, hosts);
  return { firewall: problems.length === 0 ? firewall : undefined, problems };
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
