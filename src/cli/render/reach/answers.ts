import type { Outcome } from '../../../flow/verdict.ts';
import type { PortSet } from '../../../net/port-set.ts';
import type { ReachScope } from '../../../posture/reach/matrix.ts';
import { type ApiProtocol, apiProtocols } from '../../../segmentation/protocol.ts';

/** The ports of one protocol that share an outcome; never empty. */
export interface CellPorts {
  readonly protocol: ApiProtocol;
  readonly outcome: Outcome;
  readonly ports: PortSet;
}

/** What is said between two ends. Pairs of which the same is said share the object. */
export interface Answer {
  /** From 0, in the order of appearance. */
  readonly index: number;
  readonly cells: readonly CellPorts[];
  /** Per outcome, e.g. `TCP 80,443, UDP 53`; `everything`; empty when there is nothing. */
  readonly text: Readonly<Record<Outcome, string>>;
  /** Whether anything may pass, or it is not known. */
  readonly isOpen: boolean;
}

/** Gives equal answers one object. */
export class AnswerTable {
  readonly all: Answer[] = [];
  readonly #byCells = new WeakMap<readonly CellPorts[], Answer>();
  readonly #byText = new Map<string, Answer>();

  of(cells: readonly CellPorts[], scope: ReachScope): Answer {
    let answer = this.#byCells.get(cells);
    if (answer === undefined) {
      const text = {
        allow: portsText(cells, 'allow', scope),
        unknown: portsText(cells, 'unknown', scope),
        deny: portsText(cells, 'deny', scope),
      };
      const key = `${text.allow}/${text.unknown}/${text.deny}`;
      answer = this.#byText.get(key);
      if (answer === undefined) {
        const isOpen = cells.some(({ outcome }) => outcome !== 'deny');
        answer = { index: this.all.length, cells, text, isOpen };
        this.all.push(answer);
        this.#byText.set(key, answer);
      }
      this.#byCells.set(cells, answer);
    }
    return answer;
  }
}

function portsText(cells: readonly CellPorts[], wanted: Outcome, { protocol }: ReachScope): string {
  const own = cells.filter(({ outcome }) => outcome === wanted);
  const whole = protocol === undefined && own.length === Object.keys(apiProtocols).length;
  if (whole && own.every(({ ports }) => ports.isAll)) return 'everything';
  return own.map(({ protocol: name, ports }) => `${name} ${ports.isAll ? 'all' : ports}`).join(', ');
}
