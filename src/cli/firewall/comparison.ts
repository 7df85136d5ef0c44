import {
  type FirewallFile,
  type FirewallFiles,
  readFirewallFiles,
} from '../../firewall/analysis/read-files.ts';
import {
  type CompareOptions,
  type Comparison,
  compareRulesets,
  type Difference,
} from '../../firewall/compare/compare.ts';
import type { Packet } from '../../firewall/packet.ts';
import type { PacketVerdict } from '../../firewall/simulate.ts';
import type { Range } from '../../manifest/locations.ts';
import { formatAddress } from '../../net/address.ts';

/** A place in a file. */
export interface FilePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What one side does with an example, and by which rule. */
export interface ComparedVerdict {
  readonly outcome: PacketVerdict['outcome'];
  /** As written, or `policy accept`; absent where no rule concerns it. */
  readonly rule?: string;
  readonly place?: FilePlace;
  readonly why?: string;
}

/** A difference with the places of the rules that decide. */
export interface PlacedDifference extends Omit<Difference, 'old' | 'new'> {
  readonly old: ComparedVerdict;
  readonly new: ComparedVerdict;
}

export interface PlacedComparison extends Omit<Comparison, 'differences' | 'notFollowed' | 'claims'> {
  readonly differences: readonly PlacedDifference[];
  /** Parts of the texts that are not followed, or are faulty. */
  readonly problems: readonly { readonly message: string; readonly place: FilePlace }[];
}

/** The files of two machines, and what their rulesets do differently. */
export interface ComparedFiles {
  readonly old: FirewallFiles;
  readonly new: FirewallFiles;
  readonly comparison: PlacedComparison;
  /** The same before places were found for it. */
  readonly claim: Comparison;
}

/** Compares the packet filters that two lists of texts declare. */
export function compareFiles(
  old: readonly FirewallFile[],
  now: readonly FirewallFile[],
  options: CompareOptions,
): ComparedFiles {
  const sides = { old: readFirewallFiles(old), new: readFirewallFiles(now) };
  const found = compareRulesets(sides.old.ruleset, sides.new.ruleset, options);
  const problems = [sides.old, sides.new].flatMap((side) => [
    ...side.ruleset.opaque.map(({ at, why }) => ({ message: why, place: placeIn(side, at) })),
    ...side.problems.map(({ at, message }) => ({ message, place: placeIn(side, at) })),
  ]);
  const differences = found.differences.map((one) => ({
    ...one,
    old: placed(one.old, sides.old),
    new: placed(one.new, sides.new),
  }));
  return {
    ...sides,
    claim: found,
    comparison: { equal: found.equal, differences, paths: found.paths, problems },
  };
}

function placeIn(side: FirewallFiles, at: Range): FilePlace {
  const { file, start } = side.span(at);
  return { file, line: start.line, column: start.column };
}

function placed({ outcome, step, why }: PacketVerdict, side: FirewallFiles): ComparedVerdict {
  const at = step?.rule?.at ?? step?.chain.policy?.at;
  const policy = step && `policy ${step.chain.policy?.effect ?? 'accept'} of ${step.chain.name}`;
  return {
    outcome,
    ...(step && { rule: step.rule?.text ?? policy! }),
    ...(at && { place: placeIn(side, at) }),
    ...(why !== undefined && { why }),
  };
}

/** Returns the comparison as JSON has it. */
export function comparisonJson({ comparison }: ComparedFiles): object {
  const { equal, differences, paths, problems } = comparison;
  return {
    schemaVersion: 1,
    equal: equal ?? null,
    differences: differences.map(({ example, path, ...rest }) => ({
      ...path,
      ...rest,
      example: packetJson(example),
    })),
    paths: paths.map(({ path, ...rest }) => ({ ...path, ...rest })),
    problems,
  };
}

/** Returns a packet, or what became of one, as JSON has it: addresses as text, sets as lists. */
export function packetJson(packet: object): unknown {
  return JSON.parse(
    JSON.stringify(packet, (_key, value: unknown) => {
      if (value instanceof Set) return [...value];
      const isAddress = typeof value === 'object' && value !== null && 'family' in value && 'd' in value;
      return isAddress ? formatAddress(value as NonNullable<Packet['source']>) : value;
    }),
  );
}
