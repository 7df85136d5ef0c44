import { z } from 'zod';
import type { Span } from '../diagnostic/diagnostic.ts';
import { parseAddress } from '../net/address.ts';
import { formatPrefix, hasHostBits, hostPrefix, type Prefix, parsePrefix } from '../net/prefix.ts';
import { duplicateHost, invalidSite } from './codes.ts';
import { type HostFirewallSpec, hostFirewallSchema } from './host-firewall/schema.ts';
import { once } from './kinds/definition.ts';
import { type LocatedValue, memberOf } from './object.ts';
import type { Path } from './resource.ts';
import { type RespondSpec, respondSchema } from './respond/schema.ts';
import { fits, validate } from './validate.ts';

/** A host that is not in Kubernetes: its name and where it is on the network. */
export interface SiteHost {
  readonly name: string;
  readonly prefixes: readonly Prefix[];
  /** The host's name in the site file. */
  readonly span: Span;
}

/** Network plugins whose ways are known; `kubernetes` is one that does what the API promises, and nothing more. */
export const networkPlugins = ['kubernetes', 'calico', 'cilium', 'flannel'] as const;

export type NetworkPlugin = (typeof networkPlugins)[number];

/** The packet filter that the site file declares for the site's machines. */
export interface SiteFirewall {
  /** Undefined where it does not fit its schema: then none of it is to be put in force. */
  readonly value: HostFirewallSpec | undefined;
  /** Span of the value at `path` below `firewall`, or of its nearest existing ancestor. */
  at(path: Path): Span;
  /** Span of the last key of `path`, likewise. */
  keyAt(path: Path): Span;
}

/** The responses that the site file declares. */
export interface SiteRespond {
  /** Undefined where it does not fit its schema: then none of it is to be used. */
  readonly value: RespondSpec | undefined;
  /** Span of the value at `path` below `respond`, or of its nearest existing ancestor. */
  at(path: Path): Span;
}

/** What the site file says. */
export interface Site {
  readonly name: string | undefined;
  /** The cluster's network plugin, when it is named. */
  readonly cni: NetworkPlugin | undefined;
  readonly hosts: readonly SiteHost[];
  /** Undefined where none is declared. */
  readonly firewall: SiteFirewall | undefined;
  /** What is written of detectors; they read it themselves (`detect/settings.ts`). Undefined where nothing is. */
  readonly detect: LocatedValue | undefined;
  /** Logs of services that are followed where `picket run` guards: absolute paths, or `journal`. */
  readonly logs: readonly string[];
  /** Undefined where none are declared. */
  readonly respond: SiteRespond | undefined;
  readonly file: string;
}

const address = () => z.string().describe('An IPv4 or IPv6 address, or a range in CIDR form.');

const logName = /^(?:\/.{0,4095}|journal)$/;

/** The shape of `picket.yaml`. */
export const siteSchema = once(() =>
  z.object({
    site: z.string().min(1).nullish().describe('Name of the site.'),
    cni: z
      .enum(networkPlugins, { error: `must be one of ${networkPlugins.join(', ')}` })
      .nullish()
      .describe('Network plugin of the cluster; `kubernetes` stands for any that enforces policies.'),
    hosts: z
      .record(
        z.string(),
        z.union([address(), z.array(address())], { error: 'must be an address, a range or a list' }),
      )
      .nullish()
      .describe('Hosts that are not in Kubernetes, by name.'),
    logs: z
      .array(z.string().regex(logName, { error: 'must be an absolute path, or `journal`' }))
      .nullish()
      .describe('Logs of services that `picket run` follows: absolute paths, or `journal` for the journal.'),
    firewall: hostFirewallSchema()
      .nullish()
      .describe("The packet filter of the site's machines, where no HostFirewall is meant for them."),
    detect: z.unknown().optional().describe('Options of detectors, and exceptions from what they find.'),
    respond: respondSchema()
      .nullish()
      .describe('What is done about alerts, and how far that may go; nothing where it is left out.'),
  }),
);

/** Whether a file of this name is a site file when its document has no `kind`. */
export function isSiteFile(file: string): boolean {
  return /(?:^|[/\\])picket\.ya?ml$/.test(file);
}

/** Reads the site file's document; what is wrong in it is reported and left out. */
export function readSite(located: LocatedValue): Site {
  validate(located, siteSchema(), 'picket.yaml', invalidSite);
  const { site, cni, hosts, logs } = (located.value ?? {}) as Record<string, unknown>;
  const seen = new Map<string, { name: string; path: Path }>();
  const read: SiteHost[] = [];
  for (const [name, value] of Object.entries(isMapping(hosts) ? hosts : {})) {
    const path = ['hosts', name];
    const prefixes = readPrefixes(located, name, value, path, seen);
    if (prefixes.length > 0) {
      read.push({ name, prefixes, span: located.source.span(located.keyRange(path)) });
    }
  }
  return {
    name: typeof site === 'string' ? site : undefined,
    cni: networkPlugins.find((name) => name === cni),
    hosts: read,
    firewall: readFirewall(located),
    detect: readDetect(located),
    logs: Array.isArray(logs) ? logs.filter((name) => typeof name === 'string' && logName.test(name)) : [],
    respond: readRespond(located),
    file: located.source.name,
  };
}

function readFirewall(located: LocatedValue): SiteFirewall | undefined {
  const value = memberOf(located.value, 'firewall');
  if (value === undefined || value === null) return undefined;
  return {
    value: fits(hostFirewallSchema(), value) ? (value as HostFirewallSpec) : undefined,
    at: (path) => located.source.span(located.range(['firewall', ...path])),
    keyAt: (path) => located.source.span(located.keyRange(['firewall', ...path])),
  };
}

function readDetect(located: LocatedValue): LocatedValue | undefined {
  const value = memberOf(located.value, 'detect');
  return value === undefined || value === null ? undefined : located.child(['detect'], value);
}

function readRespond(located: LocatedValue): SiteRespond | undefined {
  const value = memberOf(located.value, 'respond');
  if (value === undefined || value === null) return undefined;
  return {
    value: fits(respondSchema(), value) ? (value as RespondSpec) : undefined,
    at: (path) => located.source.span(located.range(['respond', ...path])),
  };
}

function readPrefixes(
  located: LocatedValue,
  name: string,
  value: unknown,
  path: Path,
  seen: Map<string, { name: string; path: Path }>,
): Prefix[] {
  const prefixes: Prefix[] = [];
  const written: [unknown, Path][] = Array.isArray(value)
    ? value.map((item, index) => [item, [...path, index]])
    : [[value, path]];
  for (const [text, at] of written) {
    if (typeof text !== 'string') continue;
    const prefix = readPrefix(located, text, at);
    if (!prefix) continue;
    const key = formatPrefix(prefix);
    const first = seen.get(key);
    if (first) {
      located.source.report(duplicateHost, located.range(at), {
        message: `\`${text}\` is given to \`${name}\` but belongs to \`${first.name}\` already`,
        related: [{ at: located.range(first.path), message: `given to \`${first.name}\` here` }],
      });
      continue;
    }
    seen.set(key, { name, path: at });
    prefixes.push(prefix);
  }
  return prefixes;
}

function readPrefix(located: LocatedValue, text: string, at: Path): Prefix | undefined {
  const single = parseAddress(text);
  const prefix = single ? hostPrefix(single) : parsePrefix(text);
  if (!prefix) {
    located.source.report(invalidSite, located.range(at), {
      message: `\`${text}\` is neither an address nor a range in CIDR form`,
      help: 'write e.g. `10.0.0.30`, `10.0.1.0/24` or `2001:db8::/64`',
    });
  } else if (hasHostBits(text)) {
    located.source.report(invalidSite, located.range(at), {
      severity: 'warning',
      message: `\`${text}\` has bits set after its length; it is read as \`${formatPrefix(prefix)}\``,
    });
  }
  return prefix;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
