import type { Packet } from '../../firewall/packet.ts';
import type { Chain, Rule, Ruleset } from '../../firewall/ruleset.ts';
import { baseChains, judgePacket, type PacketVerdict } from '../../firewall/simulate.ts';
import type { Reason } from '../../flow/verdict.ts';
import { formatAddress } from '../../net/address.ts';
import { protocolName } from '../../net/protocol.ts';
import { readFirewalls } from '../firewalls.ts';
import { type HostFirewall, runsOn } from '../host-firewall.ts';
import { isHost, type Passage, passages, sameHost } from '../host-packet.ts';
import type { Question } from '../question.ts';
import type { Layer } from './definition.ts';

const id = 'hostfirewall';

/** What one firewall says of a passage. */
interface Saying {
  readonly firewall: HostFirewall;
  readonly verdict: PacketVerdict;
  readonly outcome: Reason['outcome'];
  /** Whether a rule decided, rather than that none matched. */
  readonly byRule: boolean;
  readonly runs: boolean | undefined;
}

/**
 * Packet filters that workloads put onto the machines: INPUT for what is meant for a machine, OUTPUT for what comes
 * from one, FORWARD for pods where it has rules. Rules that others made on the machine are not known.
 */
export const hostFirewallLayer: Layer = {
  id,
  judge(question, declared) {
    const firewalls = readFirewalls(declared.controls);
    if (firewalls.length === 0) return [];
    return passages(question, declared).flatMap((passage) => {
      const said = firewalls.flatMap((firewall) => say(firewall, passage));
      const reason = decide(said, passage);
      return reason === undefined ? [] : [softened(reason, passage, question)];
    });
  },
};

function say(firewall: HostFirewall, { packet, node }: Passage): Saying[] {
  const runs = runsOn(firewall.workload, node);
  if (runs === false || !concerns(firewall, packet)) return [];
  const verdict = judgePacket(firewall.ruleset, packet);
  return [{ firewall, verdict, outcome: verdict.outcome, byRule: verdict.step?.rule !== undefined, runs }];
}

/** Whether the firewall has anything to say of a chain: rules, a policy that drops, or a part that may hold any. */
function concerns({ ruleset, text }: HostFirewall, packet: Packet): boolean {
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

/** Folds what all firewalls of a machine say; in which order their rules stand there is not known. */
function decide(said: readonly Saying[], passage: Passage): Reason | undefined {
  const deny = said.find(({ outcome }) => outcome === 'deny');
  const unknown = said.find(({ outcome }) => outcome === 'unknown');
  const accepting = said.find(({ outcome, byRule }) => outcome === 'allow' && byRule);
  if (deny !== undefined) {
    const other = unknown ?? accepting;
    if (other !== undefined) {
      const text = `${told(deny, passage)}, while ${other.firewall.name} may accept it: which of their rules comes first is not known`;
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

function told({ firewall, verdict, outcome }: Saying, { packet }: Passage): string {
  const what = `${protocolName(packet.protocol).toUpperCase()}${packet.port === undefined ? '' : ` ${packet.port}`}`;
  const place = `${packet.chain} of ${firewall.name}`;
  if (outcome === 'unknown')
    return `what ${place} does with ${what} is not known: ${verdict.why ?? 'it is not declared'}`;
  const does = outcome === 'allow' ? 'accepts' : 'drops';
  const { step } = verdict;
  if (step?.rule !== undefined) return `${place} ${does} ${what} by \`${step.rule.text}\``;
  if (step?.chain.policy !== undefined) return `${place} ${does} ${what} by its policy`;
  const family = firewall.ruleset.tables.some((table) => isOf(table.family, packet.family));
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
  const { firewall, verdict } = saying;
  const { workload, ruleset } = firewall;
  const { step } = verdict;
  const at =
    step?.rule?.at ?? step?.chain.policy?.at ?? (outcome === 'unknown' ? ruleset.opaque[0]?.at : undefined);
  const index = step?.rule && indexOf(step.chain, step.rule);
  return {
    layer: id,
    direction,
    outcome,
    text,
    object: { kind: workload.kind, name: workload.name, namespace: workload.namespace.name },
    ...(index !== undefined && { rule: index }),
    span: at === undefined ? firewall.container.at() : firewall.span(at),
    ...(outcome === 'deny' && { change: change(ruleset, packet, step?.rule) }),
  };
}

function indexOf({ rules }: Chain, rule: Rule): number | undefined {
  const found = rules.indexOf(rule);
  return found < 0 ? undefined : found;
}

/** The rule that would let the packet pass, and where to put it. */
function change(
  { tables }: Ruleset,
  { family, chain, protocol, port, source }: Packet,
  rule: Rule | undefined,
): string {
  const where = rule === undefined ? 'to the chain' : `before \`${rule.text}\``;
  const name = protocolName(protocol);
  const byNft = tables.every(({ backend }) => backend === 'nft');
  if (byNft) {
    const from = source === undefined ? '' : `${family === 4 ? 'ip' : 'ip6'} saddr ${formatAddress(source)} `;
    const what =
      port === undefined || protocol === 1 || protocol === 58
        ? `meta l4proto ${name}`
        : `${name} dport ${port}`;
    return `add \`${from}${what} accept\` ${where}`;
  }
  const from = source === undefined ? '' : `-s ${formatAddress(source)} `;
  const ports = port === undefined || protocol === 1 || protocol === 58 ? '' : `--dport ${port} `;
  const tool = family === 4 ? 'iptables' : 'ip6tables';
  return `add \`${tool} -A ${chain} ${from}-p ${name} ${ports}-j ACCEPT\` ${where}`;
}
