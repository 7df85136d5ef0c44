import type { Direction } from '../flow/verdict.ts';
import { PortSet } from '../net/port-set.ts';
import type { AddressAtoms } from './address-atoms.ts';
import { type AnswerId, type AnswerTable, answerProtocols, type PortBounds } from './answers.ts';
import { add, type Bitset, emptyBitset, intersect, members } from './bitset.ts';
import { matchClusterPeers } from './cluster-policy/match.ts';
import type { TierRule } from './cluster-policy/model.ts';
import { type TierPorts, tierPorts } from './cluster-policy/tier-ports.ts';
import { type PeerView, viewOf } from './endpoint.ts';
import type { WorkloadClasses } from './equivalence.ts';
import { type MasqueradedPorts, masqueradeKey } from './masquerade.ts';
import type { Workload } from './model.ts';
import { matchOutside } from './peer-match.ts';
import { type CompiledRule, type DirectedPolicy, openPlan, type SubjectPlan } from './plan.ts';
import { admittedPorts, type PolicyPorts } from './policy-ports.ts';
import { type ApiProtocol, apiProtocols } from './protocol.ts';
import type { Segmentation } from './segmentation.ts';
import { Ternary } from './ternary.ts';

/** Which columns a rule admits as the other end. */
interface Columns {
  readonly yes: Int32Array;
  readonly maybe: Int32Array;
}

/**
 * One direction of the policies for all other ends at once: the answer for each column, where a column is a class of
 * workloads or, after those, an atom of the address space. Rows are computed once for each plan, rule by rule, over the
 * columns that the rule admits.
 */
export class PolicyRows {
  readonly columns: number;
  readonly #segmentation: Segmentation;
  readonly #answers: AnswerTable;
  readonly #classes: WorkloadClasses;
  readonly #masqueraded: MasqueradedPorts;
  readonly #views: readonly PeerView[];
  readonly #first: Bitset;
  readonly #columnsOf = new Map<CompiledRule, Columns>();
  readonly #atomsIn = new Map<string, Columns>();
  readonly #portAnswers = new Map<PolicyPorts, Map<number, AnswerId>>();
  readonly #egress = new Map<SubjectPlan, Int32Array>();
  readonly #ingress = new Map<SubjectPlan, Map<string, Int32Array>>();

  constructor(
    segmentation: Segmentation,
    answers: AnswerTable,
    classes: WorkloadClasses,
    atoms: AddressAtoms,
    masqueraded: MasqueradedPorts,
  ) {
    const { inventory } = segmentation;
    this.columns = classes.representatives.length + atoms.atoms.length;
    this.#segmentation = segmentation;
    this.#answers = answers;
    this.#classes = classes;
    this.#masqueraded = masqueraded;
    this.#views = atoms.atoms.map(({ sample }) => viewOf({ kind: 'external', address: sample }, inventory));
    this.#first = emptyBitset(inventory.workloads.length);
    for (const { index } of classes.representatives) add(this.#first, index);
  }

  /** Returns what the policies say of egress of a workload to every column. */
  egress({ index }: Workload): Int32Array {
    const plan = this.#segmentation.plan('egress', index);
    let row = this.#egress.get(plan);
    if (row === undefined) {
      row = this.#row('egress', plan, undefined);
      this.#egress.set(plan, row);
    }
    return row;
  }

  /** Returns what the policies say of ingress to a workload from every column. */
  ingress(subject: Workload): Int32Array {
    const plan = this.#segmentation.plan('ingress', subject.index);
    const rows = this.#ingress.get(plan) ?? new Map<string, Int32Array>();
    this.#ingress.set(plan, rows);
    const named = subject.ports.map(({ name, protocol, port }) => `${name}:${protocol}:${port}`);
    const key = `${named} ${masqueradeKey(this.#masqueraded, subject)}`;
    let row = rows.get(key);
    if (row === undefined) {
      row = this.#row('ingress', plan, subject);
      rows.set(key, row);
    }
    return row;
  }

  /** The tiers before, the NetworkPolicies, and the tiers after; in which order they count, `Segmentation` says. */
  #row(direction: Direction, plan: SubjectPlan, subject: Workload | undefined): Int32Array {
    const { all, unknown } = this.#answers;
    if (plan === openPlan) return this.#filled(all);
    if (plan.foreign.length > 0) return this.#filled(unknown);
    const after = () => this.#tier(direction, plan.baseline, this.#filled(all), subject);
    const row = this.#tier(direction, plan.admin, this.#policies(plan, subject, after), subject);
    if (!this.#segmentation.doubts(apiProtocols.SCTP)) return row;
    return row.map((id) => this.#answers.doubtedOf('SCTP', id));
  }

  #filled(id: AnswerId): Int32Array {
    return new Int32Array(this.columns).fill(id);
  }

  /** The NetworkPolicies, and `baseline` where none isolates. */
  #policies(
    { policies, possible }: SubjectPlan,
    subject: Workload | undefined,
    baseline: () => Int32Array,
  ): Int32Array {
    const answers = this.#answers;
    if (policies.length > 0) {
      const row = this.#filled(answers.none);
      for (const { rules } of policies) this.#allow(row, rules, subject, false);
      for (const one of possible) {
        if (one.policy.fault === undefined) this.#allow(row, one.rules, subject, true);
        else for (const [column, id] of row.entries()) row[column] = answers.either(id, answers.unknown);
      }
      return row;
    }
    if (possible.length === 0) return baseline();
    // Whichever of them select the pods: the baseline counts if none does, so only what all say is certain.
    const rows = [baseline(), ...possible.map((one) => this.#alone(one, subject))];
    return rows.reduce((row, own) => row.map((id, column) => answers.unanimous(id, own[column] as number)));
  }

  #alone({ policy, rules }: DirectedPolicy, subject: Workload | undefined): Int32Array {
    if (policy.fault !== undefined) return this.#filled(this.#answers.unknown);
    const row = this.#filled(this.#answers.none);
    this.#allow(row, rules, subject, false);
    return row;
  }

  /** Adds what the rules admit; `doubted` when it is not certain that they are for the subject. */
  #allow(
    row: Int32Array,
    rules: readonly CompiledRule[],
    subject: Workload | undefined,
    doubted: boolean,
  ): void {
    const first = this.#classes.representatives.length;
    const hidden = subject && this.#hidden(subject);
    const admit = (column: number, id: AnswerId, sure: boolean) => {
      const own = sure && !doubted ? id : this.#answers.doubted(id);
      row[column] = this.#answers.either(row[column] as number, own);
    };
    for (const compiled of rules) {
      const { ports } = compiled.rule;
      // The ports of ingress are the subject's; those of egress the other end's, which matters for names alone.
      const fixed =
        subject !== undefined || ports === undefined || ports.named.length === 0
          ? this.#ports(ports, subject?.index ?? -1)
          : undefined;
      const { yes, maybe } = this.#admitted(compiled);
      for (const column of yes) {
        const open = hidden !== undefined && column >= first && !this.#views[column - first]?.isPod;
        const id = fixed ?? this.#portsAt(ports, column);
        admit(column, open ? this.#answers.both(id, hidden.others) : id, true);
      }
      for (const column of maybe) admit(column, fixed ?? this.#portsAt(ports, column), false);
      if (hidden === undefined) continue;
      // Clients from outside that may come with the address of a node instead of their own.
      for (const [atom, view] of this.#views.entries()) {
        if (view.isPod) continue;
        const answer = matchOutside(compiled.rule, view, this.#segmentation.ipBlockScope, true);
        if (answer === Ternary.No) continue;
        const id = this.#answers.both(this.#ports(ports, subject?.index ?? -1), hidden.ports);
        admit(first + atom, id, answer === Ternary.Yes);
      }
    }
  }

  /** The ports on which the subject may see a node's address in place of a client's, and all others. */
  #hidden(subject: Workload): { readonly ports: AnswerId; readonly others: AnswerId } | undefined {
    const own = this.#masqueraded.get(subject.index);
    if (own === undefined) return undefined;
    const sets = answerProtocols.map((protocol) => own.get(apiProtocols[protocol]) ?? PortSet.empty);
    return {
      ports: this.#answers.ofBounds(sets.map((set) => ({ certain: set, possible: set }))),
      others: this.#answers.ofBounds(
        sets.map((set) => {
          const rest = PortSet.all.subtract(set);
          return { certain: rest, possible: rest };
        }),
      ),
    };
  }

  /** What one tier and those after it (`onward`) say together: `foldTier` of cluster-policy/tiers.ts for all ports. */
  #tier(
    direction: Direction,
    rules: readonly TierRule[],
    onward: Int32Array,
    subject: Workload | undefined,
  ): Int32Array {
    if (rules.length === 0) return onward;
    const { representatives } = this.#classes;
    const ofAtoms = this.#tierOfAtoms(rules);
    return onward.map((next, column) => {
      const workload = representatives[column];
      const peer = workload?.index ?? column - representatives.length;
      const destination =
        direction === 'ingress' ? subject : workload?.hostNetwork === true ? undefined : workload;
      return this.#answers.ofBounds(
        this.#answers.bounds(next).map((after, at) => {
          const protocol = apiProtocols[answerProtocols[at] as ApiProtocol];
          const own = workload === undefined ? ofAtoms : rules;
          return foldPorts(tierPorts(own, peer, destination?.index ?? -1, protocol), after);
        }),
      );
    });
  }

  /** The rules of a tier with atoms in place of workloads. */
  #tierOfAtoms(rules: readonly TierRule[]): readonly TierRule[] {
    const { nodes } = this.#segmentation.inventory;
    return rules.map((one) => {
      const [yes, maybe] = [emptyBitset(this.#views.length), emptyBitset(this.#views.length)];
      for (const [atom, view] of this.#views.entries()) {
        const answer =
          one.policy.fault === undefined ? matchClusterPeers(one.rule, view, nodes).answer : Ternary.Maybe;
        if (answer !== Ternary.No) add(answer === Ternary.Yes ? yes : maybe, atom);
      }
      return { ...one, yes, maybe };
    });
  }

  /** Which columns the peers of a rule certainly and possibly are. */
  #admitted(compiled: CompiledRule): Columns {
    let columns = this.#columnsOf.get(compiled);
    if (columns === undefined) {
      const { yes, maybe } = compiled;
      const atoms = this.#atomsOf(compiled);
      columns = {
        yes: this.#columnsIn(yes, atoms.yes),
        maybe: this.#columnsIn(maybe, atoms.maybe),
      };
      this.#columnsOf.set(compiled, columns);
    }
    return columns;
  }

  #columnsIn(set: Bitset, atoms: Int32Array): Int32Array {
    const found: number[] = [];
    for (const member of members(intersect(set, this.#first))) found.push(this.#classes.of[member] as number);
    const first = this.#classes.representatives.length;
    for (const atom of atoms) found.push(first + atom);
    return Int32Array.from(found);
  }

  /** Atoms that the peers of a rule mean; rules with the same blocks and no pods in sight share them. */
  #atomsOf({ rule }: CompiledRule): Columns {
    const { peers, blocks } = rule;
    const selects = peers?.some(({ block }) => block === undefined) ?? false;
    const key = `${peers === undefined ? 'any' : (blocks ?? '')} ${selects}`;
    let atoms = this.#atomsIn.get(key);
    if (atoms === undefined) {
      const [yes, maybe]: [number[], number[]] = [[], []];
      for (const [atom, view] of this.#views.entries()) {
        const answer = matchOutside(rule, view, this.#segmentation.ipBlockScope, false);
        if (answer !== Ternary.No) (answer === Ternary.Yes ? yes : maybe).push(atom);
      }
      atoms = { yes: Int32Array.from(yes), maybe: Int32Array.from(maybe) };
      this.#atomsIn.set(key, atoms);
    }
    return atoms;
  }

  #portsAt(ports: PolicyPorts | undefined, column: number): AnswerId {
    const workload = this.#classes.representatives[column];
    return this.#ports(ports, workload === undefined || workload.hostNetwork ? -1 : workload.index);
  }

  /** The ports that a rule names, as an answer. */
  #ports(ports: PolicyPorts | undefined, destination: number): AnswerId {
    if (ports === undefined) return this.#answers.all;
    const key = ports.named.length === 0 ? -1 : destination;
    const known = this.#portAnswers.get(ports) ?? new Map<number, AnswerId>();
    this.#portAnswers.set(ports, known);
    let id = known.get(key);
    if (id === undefined) {
      id = this.#answers.ofBounds(
        answerProtocols.map((protocol) => {
          const set = admittedPorts(ports, apiProtocols[protocol], destination);
          return { certain: set, possible: set };
        }),
      );
      known.set(key, id);
    }
    return id;
  }
}

/** A port is certain when nothing may deny it, and possible when something may accept it. */
function foldPorts({ accept, deny, onward }: TierPorts, after: PortBounds): PortBounds {
  const denied = deny.union(onward.subtract(after.certain));
  return {
    certain: PortSet.all.subtract(denied),
    possible: accept.union(onward.intersect(after.possible)),
  };
}
