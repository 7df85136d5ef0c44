import { z } from 'zod';
import { parsePrefix } from '../../net/prefix.ts';
import {
  domainNamesRule,
  exactlyOneField,
  invalidValue,
  missingField,
  networkRange,
  policyPortRange,
  tooManyItems,
} from '../codes.ts';
import { breach, optional, portNumber, type RuleContext, textThat } from './fields.ts';
import { labelSelector } from './selector.ts';

/** How many rules and how many peers or ports of a rule the API takes: 100 in v1alpha1, 25 in v1alpha2. */
type Limit = 25 | 100;

/** Breaks the rule that exactly one of the fields of a union is set. */
export function checkOne(value: object, context: RuleContext, what: string, tolerated = false): void {
  const names = Object.keys(value);
  const set = names.filter((name) => {
    const field = (value as Record<string, unknown>)[name];
    return field !== undefined && field !== null;
  });
  if (set.length === 1) return;
  const found =
    set.length === 0 ? 'none is set' : `${set.map((name) => `\`${name}\``).join(' and ')} are set`;
  const help = set.length === 0 ? undefined : 'make several list items of it; list items are alternatives';
  const rule = { code: exactlyOneField, ...(help !== undefined && { help }), tolerated };
  breach(context, rule, [], `${what} needs exactly one field, but ${found}`);
}

/** A list of one to `limit` items. */
export const items = <T extends z.ZodType>(limit: number, item: T) =>
  z
    .array(item)
    .min(1, { error: 'must have at least one item' })
    .superRefine((list, context) => {
      if (list.length <= limit) return;
      const message = `there are ${list.length} items, the API takes at most ${limit}`;
      breach(context, { code: tooManyItems, tolerated: true }, [limit], message);
    });

const network = () =>
  z.string().superRefine((value, context) => {
    if (parsePrefix(value)) return;
    const help = 'write an address, a slash and a length, e.g. `10.0.0.0/8` or `2001:db8::/32`';
    breach(context, { code: networkRange, help }, [], `\`${value}\` is no address range in CIDR form`);
  });

/** The API demands `podSelector`; without it nothing else can be meant than all pods. */
const namespacedPods = () =>
  z
    .object({ namespaceSelector: optional(labelSelector()), podSelector: optional(labelSelector()) })
    .superRefine(({ podSelector }, context) => {
      if (podSelector) return;
      const help = 'add `podSelector: {}`, which selects all pods';
      breach(context, { code: missingField, help, tolerated: true }, [], '`podSelector` is missing');
    });

/** `subject`: the pods that a policy is about. */
export const subject = () =>
  z
    .object({ namespaces: optional(labelSelector()), pods: optional(namespacedPods()) })
    .superRefine((value, context) => checkOne(value, context, 'a subject'));

const podPeers = () => ({ namespaces: optional(labelSelector()), pods: optional(namespacedPods()) });

/**
 * A peer with none of these fields is tolerated here: it is empty, which its reader refuses, or it has a field of
 * another version of the API, and then the rule fails closed.
 */
function checkPeer(value: object, context: RuleContext): void {
  const set = Object.values(value).some((field) => field !== undefined && field !== null);
  checkOne(value, context, 'a peer', !set);
}

const ingressPeer = () => z.object(podPeers()).superRefine(checkPeer);

const addressPeers = () => ({
  ...podPeers(),
  nodes: optional(labelSelector()),
  networks: optional(items(25, network())),
});

const namedPeer = () =>
  z.object({ ...addressPeers(), domainNames: optional(items(25, z.string())) }).superRefine(checkPeer);

const addressPeer = () => z.object(addressPeers()).superRefine(checkPeer);

const ruleName = () =>
  optional(textThat((name) => (name.length > 100 ? 'has more than 100 characters' : undefined)));

/** Name, action and peers of an ingress rule; `actions` are those of the kind. */
export const ingressRule = <A extends string>(actions: readonly A[], limit: Limit) => ({
  name: ruleName(),
  action: z.enum(actions),
  from: items(limit, ingressPeer()),
});

/** Name, action and peers of an egress rule that may name domains. */
export const egressRule = <A extends string>(actions: readonly A[], limit: Limit) => ({
  name: ruleName(),
  action: z.enum(actions),
  to: items(limit, namedPeer()),
});

/** Name, action and peers of an egress rule of a BaselineAdminNetworkPolicy. */
export const baselineEgressRule = <A extends string>(actions: readonly A[], limit: Limit) => ({
  name: ruleName(),
  action: z.enum(actions),
  to: items(limit, addressPeer()),
});

interface EgressRule {
  readonly action: string;
  readonly to: readonly { readonly domainNames?: readonly string[] | null | undefined }[];
}

/** Reports domain names in rules that do not allow: which addresses they stand for nobody knows for certain. */
export function checkDomainNames({ action, to }: EgressRule, context: RuleContext): void {
  if (action === 'Accept' || action === 'Allow') return;
  for (const [index, { domainNames }] of to.entries()) {
    if (domainNames === undefined || domainNames === null) continue;
    const message = `\`domainNames\` is for rules that allow, not for ${action}`;
    breach(context, { code: domainNamesRule }, ['to', index, 'domainNames'], message);
  }
}

/** Checks a range of ports: the API takes two and more. */
export function checkRange({ start, end }: { start: number; end: number }, context: RuleContext): void {
  if (start < end) return;
  const help = start === end ? 'name the one port instead of a range' : 'swap them';
  breach(context, { code: policyPortRange, help }, ['end'], `\`end\` ${end} is not above \`start\` ${start}`);
}

/** `start` and `end` of a range. */
export const rangeEnds = () => ({ start: portNumber(), end: portNumber() });

/** Place among the policies of a tier, the lowest first. */
export const priority = () =>
  z.int().superRefine((value, context) => {
    if (value >= 0 && value <= 1000) return;
    breach(context, { code: invalidValue }, [], `${value} is not from 0 to 1000`);
  });
