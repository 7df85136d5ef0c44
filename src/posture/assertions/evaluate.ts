import type { Outcome } from '../../flow/verdict.ts';
import { PortSet } from '../../net/port-set.ts';
import type { ApiProtocol } from '../../segmentation/protocol.ts';
import { endpointOf, exampleAddress } from '../diff/example.ts';
import type { ReachEnd } from '../reach/end.ts';
import type { ProtocolPorts } from '../reach/matrix.ts';
import { reach } from '../reach/query.ts';
import { askedPorts, portsIn, portsNamed } from './asked-ports.ts';
import { isNothing, type Matched, matchEnds, mergeMatched } from './match-ends.ts';
import type { Assertion, WrittenEnd } from './model.ts';
import { type Pair, pairsBetween, pairsFromOthers } from './pairs.ts';
import type { ReachIndex } from './reach-index.ts';

/** A connection that is not as an assertion wants it; of an end outside, only the addresses that are meant. */
export interface Violation {
  readonly source: ReachEnd;
  readonly destination: ReachEnd;
  readonly protocol: ApiProtocol;
  readonly ports: PortSet;
  readonly outcome: Outcome;
}

/** What came of one assertion. */
export interface AssertionResult {
  readonly assertion: Assertion;
  readonly passed: boolean;
  /** Pairs of ends that were looked at. */
  readonly pairs: number;
  /** The first connections that are not as they should be; what is denied or allowed before what is unknown. */
  readonly violations: readonly Violation[];
  /** How many pairs of ends have one. */
  readonly violating: number;
  /** Ends of the assertion or port names that nothing matches; `pair`: there is no connection between the ends. */
  readonly unmatched: readonly {
    readonly text: string;
    readonly what: 'end' | 'port' | 'pair';
    readonly end?: WrittenEnd;
  }[];
  /** Items of an `only` list that reach none of the destinations. */
  readonly idle: readonly WrittenEnd[];
}

/** Violations of one assertion that are kept. */
const maxViolations = 5;
/** Ports that are asked about one by one; assertions with a request have no more. */
const maxSinglePorts = 16;

/** Returns whether the assertion holds of the matrix, with what speaks against it. */
export function evaluate(assertion: Assertion, index: ReachIndex): AssertionResult {
  return new Evaluation(assertion, index).result();
}

class Evaluation {
  readonly #assertion: Assertion;
  readonly #index: ReachIndex;
  readonly #certain: Violation[] = [];
  readonly #doubtful: Violation[] = [];
  readonly #unmatched: AssertionResult['unmatched'][number][] = [];
  readonly #idle: WrittenEnd[] = [];
  #pairs = 0;
  #violating = 0;

  constructor(assertion: Assertion, index: ReachIndex) {
    this.#assertion = assertion;
    this.#index = index;
  }

  result(): AssertionResult {
    const { from, to, kind } = this.#assertion;
    const options = { entries: kind !== 'must', doubtful: kind !== 'only' };
    const sources = from.map((end) => this.#match(end, options));
    const destinations = mergeMatched(to.map((end) => this.#match(end, { entries: false, doubtful: true })));
    if (this.#unmatched.length === 0) this.#checkPortNames(destinations);
    if (this.#unmatched.length === 0) {
      if (kind === 'only') this.#only(sources, destinations);
      else {
        const pairs = pairsBetween(mergeMatched(sources), destinations, this.#index);
        for (const pair of pairs) this.#judge(pair, kind === 'must' ? 'allow' : 'deny');
      }
      if (this.#pairs === 0) this.#unmatched.push({ text: '', what: 'pair' });
    }
    const violations = [...this.#certain, ...this.#doubtful].slice(0, maxViolations);
    const failed = violations.length + this.#unmatched.length + this.#idle.length > 0;
    return {
      assertion: this.#assertion,
      passed: !failed,
      pairs: this.#pairs,
      violations,
      violating: this.#violating,
      unmatched: this.#unmatched,
      idle: this.#idle,
    };
  }

  #match(end: WrittenEnd, options: Parameters<typeof matchEnds>[2]): Matched {
    const found = matchEnds(end.pattern, this.#index, options);
    if (isNothing(found)) this.#unmatched.push({ text: end.text, what: 'end', end });
    return found;
  }

  /** A name that no destination has would make the assertion speak of no port. */
  #checkPortNames({ ends }: Matched): void {
    const { ports, protocols } = this.#assertion;
    for (const name of ports.names) {
      const has = [...ends].some((number) => {
        const end = this.#index.ends[number] as ReachEnd;
        return protocols.some((protocol) => !portsNamed(end, name, protocol).isEmpty);
      });
      if (!has) this.#unmatched.push({ text: name, what: 'port' });
    }
  }

  /** Nothing else reaches the destinations; each listed item reaches one of them on one of the ports. */
  #only(sources: readonly Matched[], destinations: Matched): void {
    const others = pairsFromOthers(mergeMatched(sources), destinations, this.#index);
    for (const pair of others) this.#judge(pair, 'deny');
    for (const [at, matched] of sources.entries()) {
      let reaches = false;
      for (const pair of pairsBetween(matched, destinations, this.#index)) {
        this.#pairs++;
        reaches ||= pair.ports.some((entry) => this.#reaches(pair, entry));
      }
      if (!reaches) this.#idle.push(this.#assertion.from[at] as WrittenEnd);
    }
  }

  #reaches(pair: Pair, entry: ProtocolPorts): boolean {
    const asked = askedPorts(this.#assertion, pair.destination, entry.protocol);
    const { allowed, unknown } = this.#decided(pair, entry, asked);
    return !allowed.isEmpty || (this.#assertion.allowUnknown && !unknown.isEmpty);
  }

  /** Keeps what differs from the wanted answer on the asked ports. */
  #judge(pair: Pair, wanted: 'allow' | 'deny'): void {
    this.#pairs++;
    let violates = false;
    const keep = (protocol: ApiProtocol, ports: PortSet, outcome: Outcome) => {
      if (ports.isEmpty) return;
      violates = true;
      const { source, destination } = pair;
      const list = outcome === 'unknown' ? this.#doubtful : this.#certain;
      if (list.length < maxViolations) list.push({ source, destination, protocol, ports, outcome });
    };
    for (const entry of pair.ports) {
      const { protocol } = entry;
      const asked = askedPorts(this.#assertion, pair.destination, protocol);
      if (asked.isEmpty) continue;
      const { allowed, unknown } = this.#decided(pair, entry, asked);
      if (wanted === 'deny') keep(protocol, allowed, 'allow');
      else keep(protocol, asked.subtract(allowed).subtract(unknown), 'deny');
      if (!this.#assertion.allowUnknown) keep(protocol, unknown, 'unknown');
    }
    if (violates) this.#violating++;
  }

  /** What of the asked ports is allowed and what is not known, once the request has decided what it can. */
  #decided(pair: Pair, { protocol, allowed, unknown }: ProtocolPorts, asked: PortSet) {
    const [open, doubtful] = [asked.intersect(allowed), asked.intersect(unknown)];
    const isAsked = this.#assertion.request !== undefined && !doubtful.isEmpty;
    if (!isAsked || doubtful.size > maxSinglePorts) return { allowed: open, unknown: doubtful };
    const answers = portsIn(doubtful).map((port) => ({ port, outcome: this.#ask(pair, protocol, port) }));
    const having = (wanted: Outcome) =>
      answers
        .filter(({ outcome }) => outcome === wanted)
        .reduce((set, { port }) => set.union(PortSet.of(port)), PortSet.empty);
    return { allowed: open.union(having('allow')), unknown: having('unknown') };
  }

  #ask({ source, destination }: Pair, protocol: ApiProtocol, port: number): Outcome {
    const { declared } = this.#index;
    const side = (end: ReachEnd) =>
      endpointOf(end, declared, end.kind === 'external' ? exampleAddress(end.range, declared) : undefined);
    const [from, to] = [side(source), side(destination)];
    if (from === undefined || to === undefined) return 'unknown';
    return reach(declared, from, to, protocol, port, this.#assertion.request).outcome;
  }
}
