import { LineIndex } from '../../diagnostic/position.ts';
import { firewallForm, readFirewallText, readIpsets } from '../../firewall/read-text.ts';
import type { FirewallProblem, Ruleset } from '../../firewall/ruleset.ts';
import type { Step } from '../../firewall/simulate.ts';

/** A text of a packet filter, as it was named. */
export interface FirewallInput {
  readonly name: string;
  readonly text: string;
}

/** A place in one of the texts. */
export interface FirewallPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One rule or policy that a packet meets. */
export interface ExplainedStep {
  readonly table: string;
  readonly family: string;
  readonly backend: string;
  readonly chain: string;
  /** As written; absent where the end of a base chain is meant. */
  readonly rule?: string;
  readonly effect: string;
  /** Whether it is known that it matches. */
  readonly certain: boolean;
  readonly place?: FirewallPlace;
}

/** Several texts that are the packet filter of one machine, each with tables of its own. */
export class FirewallSources {
  readonly ruleset: Ruleset;
  readonly #read: readonly {
    readonly name: string;
    readonly lines: LineIndex;
    readonly ruleset: Ruleset;
    readonly problems: readonly FirewallProblem[];
  }[];

  constructor(inputs: readonly FirewallInput[]) {
    const ipsets = readIpsets(inputs);
    this.#read = inputs.map(({ name, text }) => ({
      name,
      lines: new LineIndex(text),
      ...readFirewallText(text, firewallForm(text, name), ipsets),
    }));
    this.ruleset = {
      tables: this.#read.flatMap((one) => one.ruleset.tables),
      opaque: this.#read.flatMap((one) => one.ruleset.opaque),
    };
  }

  /** What is wrong with the texts, and the first part that is not followed, with places. */
  get problems(): readonly { readonly message: string; readonly place: FirewallPlace }[] {
    const [blind] = this.ruleset.opaque;
    const opaqueIn = blind && this.#read.find(({ ruleset: { opaque } }) => opaque.includes(blind));
    return [
      ...(opaqueIn ? [{ message: blind.why, place: placeIn(opaqueIn, blind.at.start) }] : []),
      ...this.#read.flatMap((source) =>
        source.problems.map(({ message, at }) => ({ message, place: placeIn(source, at.start) })),
      ),
    ];
  }

  /** Returns a step of a walk with its place. */
  explain({ table, chain, rule, certain }: Step): ExplainedStep {
    const source = this.#read.find(({ ruleset: { tables } }) => tables.includes(table))!;
    const at = rule?.at ?? chain.policy?.at;
    return {
      table: table.name,
      family: table.family,
      backend: table.backend,
      chain: chain.name,
      ...(rule && { rule: rule.text }),
      effect: rule === undefined ? (chain.policy?.effect ?? 'accept') : rule.target.effect,
      certain,
      ...(at && { place: placeIn(source, at.start) }),
    };
  }
}

function placeIn(
  { name, lines }: { readonly name: string; readonly lines: LineIndex },
  offset: number,
): FirewallPlace {
  const { line, column } = lines.position(offset);
  return { file: name, line, column };
}
