import { type Diagnostic, diagnose } from '../diagnostic/diagnostic.ts';
import { type FilterableAlert, parseAlertFilter } from '../flow/filter.ts';
import type { Predicate } from '../flow/filter-parser.ts';
import { type Limit, parseDuration, parseLimit } from '../manifest/host-firewall/values.ts';
import { type RespondSpec, respondPresets } from '../manifest/respond/schema.ts';
import { parseSocketText } from '../manifest/respond/socket-text.ts';
import type { SiteRespond } from '../manifest/site.ts';
import { type Address, type Family, parseAddress } from '../net/address.ts';
import { hostPrefix, type Prefix, parsePrefix } from '../net/prefix.ts';
import { badMatch, matchesAll } from './codes.ts';

/** Which end of an alert is meant. */
export type WhichEnd = 'source' | 'destination' | 'entity';

/** One item of a playbook: what is to be done to which end. Times in seconds. */
export type Step =
  | {
      readonly kind: 'block';
      readonly end: WhichEnd;
      readonly seconds: number;
      /** Length of the prefix that is blocked; undefined for the address alone. */
      readonly width: Readonly<Record<Family, number | undefined>>;
    }
  | {
      readonly kind: 'limit';
      readonly end: WhichEnd;
      readonly seconds: number;
      readonly rate: Pick<Limit, 'count' | 'period' | 'burst'>;
    };

/** What is done about some alerts. */
export interface Playbook {
  readonly name: string;
  readonly matches: Predicate<FilterableAlert>;
  readonly steps: readonly Step[];
  readonly approval: boolean;
  readonly dryRun: boolean;
  readonly perHour: number;
}

/** How far responses may go. */
export interface RespondLimits {
  readonly perHour: number;
  readonly active: number;
  readonly peers: number;
  readonly percent: number;
  readonly shortestPrefix: Readonly<Record<Family, number>>;
}

/** Everything that a site file says of responses. */
export interface Playbooks {
  readonly playbooks: readonly Playbook[];
  readonly protect: readonly Prefix[];
  readonly probes: readonly { readonly address: Address; readonly port: number }[];
  /** Seconds. */
  readonly answerWithin: number;
  readonly limits: RespondLimits;
}

/** Returns the playbooks, undefined where there are none that can be used, and what is wrong with them beside what the reader of the site file has told. */
export function readPlaybooks(declared: SiteRespond | undefined): {
  readonly playbooks: Playbooks | undefined;
  readonly diagnostics: readonly Diagnostic[];
} {
  const spec = declared?.value;
  if (declared === undefined || spec === undefined) return { playbooks: undefined, diagnostics: [] };
  const diagnostics: Diagnostic[] = [];
  const playbooks = spec.playbooks.flatMap((one, at) => readPlaybook(one, at, declared, diagnostics) ?? []);
  const isWhole = playbooks.length === spec.playbooks.length && playbooks.length > 0;
  return { playbooks: isWhole ? { playbooks, ...settingsOf(spec) } : undefined, diagnostics };
}

type PlaybookSpec = RespondSpec['playbooks'][number];

function readPlaybook(
  { name, match, do: steps, approval, dryRun, perHour }: PlaybookSpec,
  number: number,
  { at }: SiteRespond,
  diagnostics: Diagnostic[],
): Playbook | undefined {
  const filter = parseAlertFilter(match);
  if (!filter.ok) {
    const [first] = filter.diagnostics;
    diagnostics.push(
      diagnose(badMatch, {
        message: `the filter of \`${name}\` cannot be read: ${first?.message ?? 'it is none'}`,
        span: at(['playbooks', number, 'match']),
        ...(first?.help !== undefined && { help: first.help }),
      }),
    );
    return undefined;
  }
  const read: Playbook = {
    name,
    matches: filter.matches,
    steps: steps.flatMap((step) => stepOf(step) ?? []),
    approval: approval !== false,
    dryRun: dryRun !== false,
    perHour: perHour ?? respondPresets.perHour,
  };
  if (match.trim() === '' && !read.approval && !read.dryRun)
    diagnostics.push(
      diagnose(matchesAll, {
        message: `\`${name}\` acts on every alert, and asks nobody`,
        span: at(['playbooks', number]),
        help: 'name the detectors in `match`, or leave `approval` out',
      }),
    );
  return read;
}

function stepOf({ block, limit, rate, width, for: time }: PlaybookSpec['do'][number]): Step | undefined {
  const seconds = parseDuration(time ?? '');
  if (seconds === undefined) return undefined;
  if (block)
    return {
      kind: 'block',
      end: block,
      seconds,
      width: { 4: width?.ipv4 ?? undefined, 6: width?.ipv6 ?? undefined },
    };
  const parsed = parseLimit(rate ?? '');
  if (!limit || parsed === undefined) return undefined;
  const { count, period, burst } = parsed;
  return { kind: 'limit', end: limit, seconds, rate: { count, period, burst } };
}

function settingsOf({ protect, probes, answerWithin, limits }: RespondSpec): Omit<Playbooks, 'playbooks'> {
  const { shortestPrefix } = respondPresets;
  return {
    protect: (protect ?? []).flatMap((text) => {
      const address = parseAddress(text);
      const prefix = address ? hostPrefix(address) : parsePrefix(text);
      return prefix ?? [];
    }),
    probes: (probes ?? []).flatMap((text) => parseSocketText(text) ?? []),
    answerWithin: parseDuration(answerWithin ?? '') ?? respondPresets.answerWithin,
    limits: {
      perHour: limits?.perHour ?? respondPresets.perHour,
      active: limits?.active ?? respondPresets.active,
      peers: limits?.peers ?? respondPresets.peers,
      percent: limits?.percent ?? respondPresets.percent,
      shortestPrefix: {
        4: limits?.shortestPrefix?.ipv4 ?? shortestPrefix[4],
        6: limits?.shortestPrefix?.ipv6 ?? shortestPrefix[6],
      },
    },
  };
}
