import type { Range } from '../manifest/locations.ts';
import type { Ipsets } from './ipset.ts';
import type { FirewallProblem, OpaquePart, Ruleset } from './ruleset.ts';
import type { ShellWord } from './shell-token.ts';

/** What a shell script declares as packet filter; places are offsets into its text. */
export interface FirewallScript {
  readonly ruleset: Ruleset;
  readonly problems: readonly FirewallProblem[];
  /** Everything that is not followed, also what cannot change a rule. */
  readonly opaque: readonly OpaquePart[];
  /** Calls of iptables, nft and their kin that were followed or should have been, in order. */
  readonly calls: readonly FirewallCall[];
}

export interface FirewallCall {
  /** Name of the program, e.g. `iptables`. */
  readonly program: string;
  readonly at: Range;
}

/** How a script is followed. */
export interface FollowOptions {
  /** How often it runs, each time over what the run before has left; once when nothing is said. */
  readonly runs?: number;
  /** Where places of the script begin; 0 when nothing is said. */
  readonly offset?: number;
  /** Sets of ipset that are there before. */
  readonly ipsets?: Ipsets;
  /** Told after each call of a program that filters: what holds then, which the next call changes, and in which run. */
  readonly onCall?: (call: FirewallCall, ruleset: Ruleset, run: number) => void;
}

/** Text with the offset that its first character has for places. */
export interface PlacedText {
  readonly text: string;
  readonly at: number;
}

/** Finds the text of a file that a script reads or runs, by its path. */
export type FindFile = (path: string) => PlacedText | undefined;

/** Returns a place in the script as a place among all texts. */
export function shift({ start, end }: Range, { at }: PlacedText): Range {
  return { start: start + at, end: end + at };
}

/** Returns the text of a word that stands in the script as it is; undefined for others. */
export function placed(word: ShellWord | undefined, script: PlacedText): PlacedText | undefined {
  if (word === undefined || !script.text.startsWith(word.text, word.textAt)) return undefined;
  if (word.parts.some(({ kind }) => kind !== 'text')) return undefined;
  return { text: word.text, at: word.textAt + script.at };
}
