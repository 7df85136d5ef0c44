import type { Packet } from '../packet.ts';
import type { Ruleset } from '../ruleset.ts';
import type { FirewallCall } from '../script-text.ts';
import { judgePacket, type PacketVerdict } from '../simulate.ts';
import type { SubjectScript } from './subject.ts';

/** What becomes of some packets after one call of a script. */
export interface ScriptState {
  readonly call: FirewallCall;
  /** 1 for the first run, 2 for the run over what that has left. */
  readonly run: number;
  /** One for each packet. */
  readonly outcomes: readonly PacketVerdict['outcome'][];
}

/** Rules looked at over all states, above which a script is too long to be followed command by command. */
const mostWork = 20_000_000;

/**
 * Returns what becomes of the packets after each call of the script, in its first run over empty tables and in a second
 * one over what the first has left; undefined when the script is too long (about a thousand commands).
 */
export function scriptStates(script: SubjectScript, packets: readonly Packet[]): ScriptState[] | undefined {
  const states: ScriptState[] = [];
  let work = 0;
  script.follow({
    runs: 2,
    onCall(call, live, run) {
      const rules = live.tables.reduce((sum, { chains }) => sum + sizeOf(chains.values()), 0);
      work += (rules + 1) * packets.length;
      if (work > mostWork) return;
      const now = frozen(live);
      states.push({ call, run, outcomes: packets.map((packet) => judgePacket(now, packet).outcome) });
    },
  });
  return work > mostWork ? undefined : states;
}

function sizeOf(chains: Iterable<{ readonly rules: readonly unknown[] }>): number {
  let sum = 0;
  for (const { rules } of chains) sum += rules.length;
  return sum;
}

/** A copy that later commands do not change. */
function frozen({ tables, opaque }: Ruleset): Ruleset {
  return {
    opaque: [...opaque],
    tables: tables.map((table) => ({
      ...table,
      chains: new Map(
        [...table.chains].map(([name, chain]) => [name, { ...chain, rules: [...chain.rules] }]),
      ),
    })),
  };
}

/** A stretch of a script in which one packet has another fate than before and after. */
export interface Window {
  readonly run: number;
  /** The call that begins it, and the one that ends it. */
  readonly from: FirewallCall;
  readonly to: FirewallCall;
}

/**
 * Returns the first stretch of the run in which the packet has the `passing` outcome. Undefined when there is none, or the
 * outcome stays to the end.
 */
export function windowOf(
  states: readonly ScriptState[],
  run: number,
  packet: number,
  passing: PacketVerdict['outcome'],
): Window | undefined {
  const ofRun = states.filter((one) => one.run === run);
  const from = ofRun.findIndex(({ outcomes }) => outcomes[packet] === passing);
  if (from < 0) return undefined;
  const to = ofRun.findIndex(({ outcomes }, at) => at > from && outcomes[packet] !== passing);
  return to < 0 ? undefined : { run, from: ofRun[from]!.call, to: ofRun[to]!.call };
}
