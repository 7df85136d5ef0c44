import type { Packet } from '../../firewall/packet.ts';
import type { Chain, Rule } from '../../firewall/ruleset.ts';
import { baseChains, judgePacket, type PacketVerdict } from '../../firewall/simulate.ts';
import type { Reason } from '../../flow/verdict.ts';
import { protocolName } from '../../net/protocol.ts';
import { isHost, type Passage, passages, sameHost } from '../host-packet.ts';
import { type PacketFilter, packetFilters } from '../packet-filters.ts';
import type { Question } from '../question.ts';
import type { Layer } from './definition.ts';

const id = 'hostfirewall';

/** What one packet filter says of a passage. */
interface Saying {
  readonly filter: PacketFilter;
  readonly verdict: PacketVerdict;
  readonly outcome: Reason['outcome'];
  /** Whether a rule decided, rather than that none matched. */
  readonly byRule: boolean;
  readonly runs: boolean | undefined;
}

/**
 * Packet filters of machines, declared or put there by workloads: INPUT for what is meant for a machine, OUTPUT for what comes
 * from one, FORWARD for pods where it has rules. Rules that others made on the machine are not known.
 */
export const hostFirewallLayer: Layer = {
  id,
  judge(question, declared) {
    const filters = packetFilters(declared);
    if (filters.length === 0) return [];
    return passages(question, declared).flatMap((passage) => {
      const said = filters.flatMap((filter) => say(filter, passage));
      const reason = stronger(
        decideOwn(
          said.filter(({ filter }) => filter.isOwn),
          passage,
        ),
        decide(
          said.filter(({ filter }) => !filter.isOwn),
          passage,
        ),
      );
      return reason === undefined ? [] : [softened(reason, passage, question)];
    });
  },
};

/** Of two reasons of filters that are all asked: a deny of either is final, and what is not known of either leaves it open. */
function stronger(one: Reason | undefined, other: Reason | undefined): Reason | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const order = ['deny', 'unknown', 'allow'];
  return order.indexOf(other.outcome) < order.indexOf(one.outcome) ? other : one;
}

function say(filter: PacketFilter, { packet, node }: Passage): Saying[] {
  const runs = filter.runsOn(node);
  if (runs === false || !concerns(filter, packet)) return [];
  const verdict = judgePacket(filter.ruleset, packet);
  return [{ filter, verdict, outcome: verdict.outcome, byRule: verdict.step?.rule !== undefined, runs }];
}

/** Whether a filter has anything to say of a chain: rules, a policy that drops, or a part that may hold any. */
function concerns({ ruleset, text }: PacketFilter, packet: Packet): boolean {
  const hasRules = baseChains(ruleset, { chain: packet.chain, family: 4, state: 'NEW' })
    .concat(baseChains(ruleset, { chain: packet.chain, family: 6, state: 'NEW' }))
    .some(
      ({ chain, hook }) =>
        hook === packet.chain && (chain.rules.length > 0 || chain.policy?.effect === 'drop'),
    );
  if (hasRules) return true;
  return ruleset.opaque.some(
    ({ at }) => packet.chain === 'INPUT' || text(at).toUpperCase().includes(packet.chain),
  );
}

/** Folds what the tables say that one or more HostFirewalls make: a machine has one of them. */
function decideOwn(said: readonly Saying[], passage: Passage): Reason | undefined {
  const of = (wanted: Saying['outcome']) => said.find(({ outcome }) => outcome === wanted);
  const worst = of('deny') ?? of('unknown') ?? said[0];
  if (worst === undefined) return undefined;
  if (worst.outcome !== 'deny' || worst.runs === true)
    return reasonOf(worst, passage, worst.outcome, told(worst, passage));
  const text = `${told(worst, passage)}, if it is in force on this machine: no manifest tells`;
  return reasonOf(worst, passage, 'unknown', text);
}

/** Folds what filters of workloads say that run on a machine; in which order their rules stand there is not known. */
function decide(said: readonly Saying[], passage: Passage): Reason | undefined {
  const deny = said.find(({ outcome }) => outcome === 'deny');
  const unknown = said.find(({ outcome }) => outcome === 'unknown');
  const accepting = said.find(({ outcome, byRule }) => outcome === 'allow' && byRule);
  if (deny !== undefined) {
    const other = unknown ?? accepting;
    if (other !== undefined) {
      const text = `${told(deny, passage)}, while ${other.filter.name} may accept it: which of their rules comes first is not known`;
      return reasonOf(deny, passage, 'unknown', text);
    }
    if (deny.runs === true) return reasonOf(deny, passage, 'deny', told(deny, passage));
    const text = `${told(deny, passage)}, if it runs on this machine: no manifest tells`;
    return reasonOf(deny, passage, 'unknown', text);
  }
  const saying = unknown ?? accepting ?? said[0];
  return saying && reasonOf(saying, passage, saying.outcome, told(saying, passage));
}

/** Between pods of one machine packets pass no FORWARD unless the bridge calls iptables: a deny is not certain there. */
function softened(reason: Reason, { packet }: Passage, { source, destination }: Question): Reason {
  if (reason.outcome !== 'deny' || packet.chain !== 'FORWARD') return reason;
  if (isHost(source) || sameHost(source, destination) === false) return reason;
  return { ...reason, outcome: 'unknown', text: `${reason.text}, if the pods are on different machines` };
}

function told({ filter, verdict, outcome }: Saying, { packet }: Passage): string {
  const what = `${protocolName(packet.protocol).toUpperCase()}${packet.port === undefined ? '' : ` ${packet.port}`}`;
  const place = `${packet.chain} of ${filter.name}`;
  if (outcome === 'unknown')
    return `what ${place} does with ${what} is not known: ${verdict.why ?? 'it is not declared'}`;
  const does = outcome === 'allow' ? 'accepts' : 'drops';
  const { step } = verdict;
  if (step?.rule !== undefined) return `${place} ${does} ${what} by \`${filter.ruleText(step.rule)}\``;
  if (step?.chain.policy !== undefined) return `${place} ${does} ${what} by its policy`;
  const family = filter.ruleset.tables.some((table) => isOf(table.family, packet.family));
  return family
    ? `${place} ${does} ${what}: no rule matches`
    : `${place} has no rule for IPv${packet.family}`;
}

function isOf(table: string, family: 4 | 6): boolean {
  return table === 'inet' || table === (family === 4 ? 'ip' : 'ip6');
}

function reasonOf(
  saying: Saying,
  { direction, packet }: Passage,
  outcome: Reason['outcome'],
  text: string,
): Reason {
  const { filter, verdict } = saying;
  const { ruleset, object } = filter;
  const { step } = verdict;
  const at =
    step?.rule?.at ?? step?.chain.policy?.at ?? (outcome === 'unknown' ? ruleset.opaque[0]?.at : undefined);
  // Rules of a declaration are known by their place in it, those of a script by theirs in the chain.
  const index = filter.isOwn ? undefined : step?.rule && indexOf(step.chain, step.rule);
  return {
    layer: id,
    direction,
    outcome,
    text,
    object,
    ...(index !== undefined && { rule: index }),
    span: at === undefined ? filter.place : filter.span(at),
    ...(outcome === 'deny' && { change: filter.change(packet, step?.rule) }),
  };
}

function indexOf({ rules }: Chain, rule: Rule): number | undefined {
  const found = rules.indexOf(rule);
  return found < 0 ? undefined : found;
}
