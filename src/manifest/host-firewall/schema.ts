import { z } from 'zod';
import { once } from '../kinds/definition.ts';
import { breach, flag, listOf, optional, type RuleContext } from '../kinds/fields.ts';
import { firewallRule, firewallValue } from './codes.ts';
import {
  checkFrom,
  checkTraffic,
  duration,
  interfaceName,
  limit,
  oneOrMany,
  partName,
  port,
  prefix,
  service,
  transport,
} from './fields.ts';

/** Entries that a block set has room for unless it says otherwise, and the most that it may. */
export const blockSizes = { preset: 65_536, most: 1_048_576 } as const;
/** Sources that limits and connections are counted of at a time, unless the declaration says otherwise. */
export const countedSources = 65_536;

const zone = () =>
  z
    .strictObject({
      interfaces: listOf(interfaceName()).describe(
        'Names of interfaces by which packets come in, or their beginnings followed by `*`.',
      ),
      sources: listOf(prefix()).describe('Addresses and ranges of either IP version.'),
    })
    .superRefine((value, context) => {
      if ((value.interfaces?.length ?? 0) + (value.sources?.length ?? 0) === 0)
        breach(context, { code: firewallRule }, [], 'a zone needs `interfaces`, `sources` or both');
    });

const traffic = () => ({
  service: optional(oneOrMany(service())).describe('Services by name; several are alternatives.'),
  protocol: optional(oneOrMany(transport())).describe(
    'Protocols by their IANA keyword or number, where no service is named; `tcp` where only `ports` are.',
  ),
  ports: optional(oneOrMany(port())).describe('Destination ports and ranges, e.g. `443` or `8000-8090`.'),
});

const from = () =>
  optional(oneOrMany(z.string())).describe(
    'Who: zones, addresses, ranges, hosts of the site file. Anyone where it is left out.',
  );
const to = (what: string) => optional(oneOrMany(z.string())).describe(what);
const toWhere =
  'Whereto: zones (by the interfaces that packets leave by), addresses, ranges, hosts of the site file. Anywhere where it is left out.';
const toWhich = "Which of the machine's own addresses; any where it is left out.";

const allowed = () =>
  z
    .strictObject({
      ...traffic(),
      from: from(),
      to: to(toWhich),
      limit: optional(limit()).describe(
        'How many new connections: `10/minute` altogether, `10/minute per source` of each source; what exceeds it is dropped.',
      ),
    })
    .superRefine(checkRule);
const denied = () => z.strictObject({ ...traffic(), from: from(), to: to(toWhich) }).superRefine(checkRule);
const passing = () => z.strictObject({ ...traffic(), from: from(), to: to(toWhere) }).superRefine(checkRule);
const leaving = () => z.strictObject({ ...traffic(), to: to(toWhere) }).superRefine(checkRule);
const administering = () =>
  z
    .strictObject({
      ...traffic(),
      from: from(),
      to: to('Whereto, for a path that this machine opens: e.g. the API servers of its cluster.'),
    })
    .superRefine((value, context) => {
      checkTraffic(value, context);
      checkFrom(value, context);
      if (value.from && value.to)
        breach(
          context,
          { code: firewallRule, help: 'make two paths of it, one with each' },
          ['to'],
          'a path comes `from` somewhere or leads `to` somewhere, not both',
        );
      if (!value.service && !value.ports && !value.protocol)
        breach(
          context,
          { code: firewallRule, help: 'name the `service`, e.g. `ssh`' },
          [],
          'a path needs `service`, `protocol` or `ports`',
        );
    });

function checkRule(
  value: Parameters<typeof checkTraffic>[0] & Parameters<typeof checkFrom>[0],
  context: RuleContext,
): void {
  checkTraffic(value, context);
  checkFrom(value, context);
  const says = value.service || value.protocol || value.ports || value.from || value.to;
  if (!says)
    breach(
      context,
      { code: firewallRule, help: 'name a service, or who may; to let in everything write `policy: accept`' },
      [],
      'the rule names nothing, which would be everything',
    );
}

const policy = (text: string) => z.enum(['drop', 'accept']).nullish().describe(text);

const blockSet = () =>
  z.strictObject({
    timeout: optional(duration()).describe(
      'How long an entry stays that says nothing of its own, e.g. `1h`; `1h` where it is left out.',
    ),
    size: z
      .int()
      .min(1)
      .max(blockSizes.most)
      .nullish()
      .describe(`Most addresses at a time, of each IP version; ${blockSizes.preset} where it is left out.`),
  });

const fields = () => ({
  zones: optional(z.record(z.string(), zone()).superRefine(checkNames)).describe(
    'Parts of the network by name. With interfaces and sources both, a packet must fit both.',
  ),
  admin: listOf(administering()).describe(
    'Paths by which the machine is kept: they are accepted before anything else, and no block set and no limit cuts them.',
  ),
  deny: listOf(denied()).describe('What is dropped though a rule of `allow` would accept it.'),
  allow: listOf(allowed()).describe('What is accepted, in any order.'),
  policy: policy('What becomes of everything else that is for the machine; `drop` where it is left out.'),
  icmp: optional(
    z.strictObject({
      echo: z
        .union([z.boolean(), limit()], { error: 'must be true, false or a rate, e.g. 10/second' })
        .nullish()
        .describe('Whether echo requests are answered, and how many; `10/second` where it is left out.'),
    }),
  ).describe(
    'Errors of both IP versions, neighbour discovery and multicast listener discovery always pass (RFC 4890, section 4.4).',
  ),
  dhcp: flag().describe('Whether answers of DHCP and DHCPv6 servers are let in; true where it is left out.'),
  connectionLimit: optional(
    z.strictObject({
      perSource: z.int().min(1).max(1_000_000).describe('Most TCP connections of one source at a time.'),
    }),
  ).describe('Sources of IPv6 are networks of 64 bits.'),
  block: optional(z.record(z.string(), optional(blockSet())).superRefine(checkNames)).describe(
    'Sets of addresses that are shut out, empty at first; entries leave by themselves, by a timeout in the kernel.',
  ),
  log: optional(
    z.strictObject({
      limit: optional(limit()).describe('How many lines; `10/minute` where it is left out.'),
      prefix: z
        .string()
        .regex(/^[\w .:-]{0,40}$/, {
          error: 'must be at most 40 letters, digits, blanks, and any of . : _ -',
        })
        .nullish()
        .describe('What each line begins with; `picket ` where it is left out.'),
    }),
  ).describe('Whether what the policies drop is logged by the kernel. Not where it is left out.'),
  forward: optional(
    z.strictObject({
      policy: policy('What becomes of everything else that passes through; `drop` where it is left out.'),
      deny: listOf(passing()),
      allow: listOf(passing()),
    }),
  ).describe(
    'What passes through the machine, pods and containers too. Nothing of it is touched where it is left out.',
  ),
  outbound: optional(
    z.strictObject({
      policy: policy('What becomes of everything else that the machine sends; `drop` where it is left out.'),
      deny: listOf(leaving()),
      allow: listOf(leaving()),
    }),
  ).describe('What the machine itself sends. Everything may where it is left out.'),
});

function checkNames(value: Record<string, unknown>, context: RuleContext): void {
  for (const name of Object.keys(value)) {
    const problem = partName(name);
    if (problem !== undefined) breach(context, { code: firewallValue, onKey: true }, [name], problem);
  }
}

/** What `firewall:` of the site file says. */
export const hostFirewallSchema = once(() => z.strictObject(fields()));

/** The fields of `spec` of a HostFirewall. */
export const hostFirewallFields = fields;

/** What a HostFirewall declares, as it is written. */
export type HostFirewallSpec = z.infer<ReturnType<typeof hostFirewallSchema>>;
