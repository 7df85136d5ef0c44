import { z } from 'zod';
import { prefixProblem } from '../host-firewall/fields.ts';
import { parseDuration, parseLimit } from '../host-firewall/values.ts';
import { once } from '../kinds/definition.ts';
import { breach, flag, optional, type RuleContext } from '../kinds/fields.ts';
import { respondStep, respondValue } from './codes.ts';
import { parseSocketText } from './socket-text.ts';

/** What stands where nothing is said. Times in seconds. */
export const respondPresets = {
  /** How long a person has to answer. */
  answerWithin: 900,
  /** Responses that are put in force in an hour, of one playbook and of all. */
  perHour: 10,
  /** Responses in force at a time. */
  active: 256,
  /** Peers with whom an address talked before, and per cent of all conversations of the last days, that may be cut. */
  peers: 16,
  percent: 5,
  /** The shortest ranges that may be blocked. */
  shortestPrefix: { 4: 24, 6: 48 },
} as const;

/** The longest that a response may last: what is to last longer is to be declared. Seconds. */
export const longestResponse = 7 * 86_400;
const mostPlaybooks = 64;
const mostSteps = 8;
const mostProtected = 1024;

function textThat(reads: (text: string) => boolean, problem: string, help: string) {
  return z.string().superRefine((text, context) => {
    if (!reads(text)) breach(context, { code: respondValue, help }, [], `\`${text}\` ${problem}`);
  });
}

const duration = () =>
  textThat(
    (text) => (parseDuration(text) ?? Number.POSITIVE_INFINITY) <= longestResponse,
    'is no time up to 7 days',
    'write e.g. `30s`, `10m` or `1h30m`; what is to last longer belongs into a HostFirewall',
  );

const rate = () =>
  textThat(
    (text) => parseLimit(text)?.perSource === false,
    'is no rate',
    'write e.g. `10/second` or `100/minute burst 20`, in packets',
  );

const prefix = () =>
  z.string().superRefine((text, context) => {
    const problem = prefixProblem(text);
    if (problem) breach(context, { code: respondValue, help: problem.help }, [], problem.message);
  });

const socket = () =>
  textThat(
    (text) => parseSocketText(text) !== undefined,
    'is no address with a port',
    'write e.g. `192.0.2.7:443` or `[2001:db8::7]:443`',
  );

const count = (most: number) => z.int().min(1).max(most);
const end = () =>
  z.enum(['source', 'destination', 'entity'], { error: 'must be source, destination or entity' });

/** Words of which a step has exactly one. */
export const actionWords = ['block', 'limit'] as const;

const step = () =>
  z
    .strictObject({
      block: optional(end()).describe(
        'Drop everything from and to this end of the alert, open connections too. `entity` is who the alert is about, where that is an address.',
      ),
      limit: optional(end()).describe('Let pass only `rate` packets from this end of the alert.'),
      rate: optional(rate()).describe('Of a `limit`: packets, e.g. `10/second` or `100/minute burst 20`.'),
      width: optional(
        z.strictObject({
          ipv4: optional(z.int().min(8).max(32)),
          ipv6: optional(z.int().min(16).max(128)),
        }),
      ).describe(
        'Of a `block`: how long the prefix is that is blocked; the address alone where it is left out.',
      ),
      for: optional(duration()).describe('How long; it ends by itself then, also when Picket is gone.'),
    })
    .superRefine(checkStep);

type StepValue = Partial<Record<'block' | 'limit' | 'rate' | 'width' | 'for', unknown>>;

function checkStep(value: StepValue, context: RuleContext): void {
  const named = actionWords.filter((word) => value[word]);
  const say = (path: string[], message: string, help: string) =>
    breach(context, { code: respondStep, help }, path, message);
  if (named.length !== 1) {
    const what = named.length === 0 ? 'names no action' : `names ${named.join(' and ')}`;
    say([], `a step is one action, and this one ${what}`, 'write one of `block` and `limit`');
    return;
  }
  if (!value.for) say([], `\`${named[0]}\` has no end`, 'add e.g. `for: 1h`');
  if (named[0] === 'limit' && !value.rate) say([], '`limit` has no rate', 'add e.g. `rate: 10/second`');
  if (named[0] !== 'limit' && value.rate) say(['rate'], '`rate` belongs to a `limit`', 'leave it out');
  if (named[0] !== 'block' && value.width) say(['width'], '`width` belongs to a `block`', 'leave it out');
}

const playbook = () =>
  z
    .strictObject({
      name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, {
        error: 'must begin with a small letter and have up to 31 small letters, digits and `-`',
      }),
      match: z
        .string()
        .max(1000)
        .describe('Which alerts: a filter as of `picket alerts`, e.g. `detector=port-scan severity=high`.'),
      do: z.array(step()).max(mostSteps).describe('What is done, in this order.'),
      approval: flag().describe('Whether a person has to agree first; yes where it is left out.'),
      dryRun: flag().describe('Only tell what would be done; yes where it is left out.'),
      perHour: optional(count(1000)).describe(
        'How many of its responses are put in force in an hour; 10 where it is left out.',
      ),
    })
    .superRefine((value, context) => {
      if (value.do.length === 0)
        breach(
          context,
          { code: respondStep, help: 'add e.g. `{block: source, for: 1h}`' },
          ['do'],
          'the playbook does nothing',
        );
    });

/** The shape of `respond` in the site file. */
export const respondSchema = once(() =>
  z
    .strictObject({
      playbooks: z
        .array(playbook())
        .max(mostPlaybooks)
        .describe('What is done about which alerts; the first that fits is taken.'),
      protect: optional(z.array(prefix()).max(mostProtected)).describe(
        "Addresses that no response touches, beside the machine's own, its gateways, name servers, API servers and who manages it.",
      ),
      probes: optional(z.array(socket()).max(16)).describe(
        'What has to be reached from here after a response if it was before, e.g. `192.0.2.7:443`; else the response is undone.',
      ),
      answerWithin: optional(duration()).describe(
        'How long a person has to agree; no answer is a no. `15m` where it is left out.',
      ),
      limits: optional(
        z.strictObject({
          perHour: optional(count(10_000)).describe(
            'Responses of all playbooks that are put in force in an hour; 10 where it is left out.',
          ),
          active: optional(count(4096)).describe('Responses in force at a time; 256 where it is left out.'),
          peers: optional(z.int().min(0).max(100_000)).describe(
            'How many peers one response may cut off from conversations that they had in the last days; 16.',
          ),
          percent: optional(z.number().min(0).max(100)).describe(
            'How much of all conversations of the last days one response may have cut; 5.',
          ),
          shortestPrefix: optional(
            z.strictObject({
              ipv4: optional(z.int().min(8).max(32)),
              ipv6: optional(z.int().min(16).max(128)),
            }),
          ).describe('The largest ranges that may be blocked, by the length of their prefix; 24 and 48.'),
        }),
      ).describe('How far responses may go; what would go further is refused.'),
    })
    .superRefine(({ playbooks }, context) => {
      const seen = new Set<string>();
      for (const [at, { name }] of playbooks.entries()) {
        if (seen.has(name))
          breach(
            context,
            { code: respondStep, help: 'give it another name' },
            ['playbooks', at, 'name'],
            `there are two playbooks \`${name}\``,
          );
        seen.add(name);
      }
    }),
);

/** What `respond` of a site file says, where it fits. */
export type RespondSpec = z.infer<ReturnType<typeof respondSchema>>;
