import { z } from 'zod';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import type { PacketFilterState } from './packet-filter-state.ts';

const id = 'firewall-tampering';

const modifyFirewall: Technique = {
  id: 'T1686',
  name: 'Disable or Modify System Firewall',
  tactic: 'Defense Impairment',
};

const options = z.strictObject({});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
/** Machines whose table is remembered; an agent watches one. */
const maxMachines = 16;
const machineBytes = 200;

class FirewallTampering implements RunningDetector {
  /** By machine, the digest that was told last. */
  readonly #told = new Map<string, string>();
  #evicted = 0;

  onPacketFilter(state: PacketFilterState): readonly Finding[] {
    const { machine, digest, expected } = state;
    if (digest === expected) {
      this.#told.delete(machine);
      return nothing;
    }
    if (this.#told.get(machine) === digest) return nothing;
    this.#told.delete(machine);
    if (this.#told.size >= maxMachines) {
      this.#told.delete(this.#told.keys().next().value!);
      this.#evicted++;
    }
    this.#told.set(machine, digest);
    return [findingOf(state)];
  }

  stateBytes(): number {
    return this.#told.size * machineBytes;
  }

  evicted(): number {
    return this.#evicted;
  }
}

function findingOf({
  at,
  machine,
  change,
  confirmedAt,
  digest,
  expected,
  isGone,
}: PacketFilterState): Finding {
  const what = isGone ? 'took away' : 'changed';
  return {
    detector: id,
    severity: isGone ? 'critical' : 'high',
    at,
    entity: machine,
    fingerprint: JSON.stringify([id, machine, digest]),
    title: `Somebody ${what} the packet filter of ${machine}`,
    explanation: [
      `The table inet picket of ${machine} is not as change ${change} made it, which was confirmed at ${confirmedAt}: ${isGone ? 'it is gone, and nothing that it forbids is stopped any more' : 'its rules are others'}.`,
      'Picket itself changes it only by changes that its journal holds; this one is not among them.',
      'picket plan shows what differs, and picket apply puts the declared rules back; who can change rules of the kernel there is root.',
    ].join(' '),
    evidence: [
      { name: 'machine', value: machine },
      {
        name: 'rules',
        value: isGone ? 'none' : `digest ${short(digest)}`,
        expected: `digest ${short(expected)}`,
      },
      { name: 'change', value: `${change}, confirmed ${confirmedAt}` },
    ],
    techniques: [modifyFirewall],
    flows: [],
  };
}

function short(digest: string): string {
  return digest.slice(0, 12);
}

/** Changes of Picket's packet filter that Picket did not make. */
export const firewallTampering: DetectorDefinition<Options> = {
  id,
  title: 'Firewall tampering',
  since: '0.2.0',
  techniques: [modifyFirewall],
  options,
  doc: `The table of a machine that \`picket apply\` made (\`inet picket\`) is changed or taken away by somebody else. \`picket run\` asks the kernel for it every half
minute and compares what its rules say with what was confirmed last; each other state of it is one alert, *critical* where the table is gone. While a
change waits for its confirmation nothing is compared. Counters and elements of sets with timeouts are not rules, so a block that ends is no change.

It cannot see what was put back within the half minute, tables of others (theirs to change), rules that go around ours from another table with
an earlier priority, or anything where nothing was applied. A replay has nothing of this kind. An intruder who is root can end Picket as well.

Memory: one digest, 0.2 KB.`,
  create: () => new FirewallTampering(),
};
