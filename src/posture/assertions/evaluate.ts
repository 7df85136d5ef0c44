import type { Outcome } from '../../flow/verdict.ts';
import { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import type { ApiProtocol } from '../../segmentation/protocol.ts';
import { endpointOf, exampleAddress } from '../diff/example.ts';
import type { ReachEnd } from '../reach/end.ts';
import type { ProtocolPorts } from '../reach/matrix.ts';
import { reach } from '../reach/query.ts';
import { askedPorts, portsIn, portsNamed } from './asked-ports.ts';
import { type Matched, matchEnds, mergeMatched } from './match-ends.ts';
import type { Assertion, WrittenEnd } from './model.ts';
import type { ReachIndex } from './reach-index.ts';

/** A connection that is not as an assertion wants it. */
export interface Violation {
  readonly source: ReachEnd;
  readonly destination: ReachEnd;
  /** Of an end outside: the addresses that the assertion means. */
  readonly sourceRange: AddressSet | undefined;
  readonly destinationRange: AddressSet | undefined;
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

/** Returns whether the assertion holds of the matrix, with what speaks against it. */
export function evaluate(assertion: Assertion, index: ReachIndex): AssertionResult {
  return new Evaluation(assertion, index).result();
}

class Evaluation {
  readonly #assertion: Assertion;
  readonly #index: ReachIndex;
  readonly #decided: Violation[] = [];
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
    const destinations = to.map((end) => this.#match(end, { entries: false, doubtful: true }));
    if (this.#unmatched.length === 0) this.#checkPortNames(destinations);
    if (this.#unmatched.length === 0) {
      const targets = mergeMatched(destinations);
      if (kind === 'only') this.#only(sources, targets);
      else this.#every(mergeMatched(sources), targets, kind === 'must' ? 'allow' : 'deny');
      if (this.#pairs === 0) this.#unmatched.push({ text: '', what: 'pair' });
    }
    const violations = [...this.#decided, ...this.#doubtful].slice(0, maxViolations);
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
    if (found.size === 0) this.#unmatched.push({ text: end.text, what: 'end', end });
    return found;
  }

  /** A name that no destination has would make the assertion speak of no port. */
  #checkPortNames(destinations: readonly Matched[]): void {
    const { ports, protocols } = this.#assertion;
    for (const name of ports.names) {
      const has = [...mergeMatched(destinations).keys()].some((number) => {
        return protocols.some((protocol) => !portsNamed(this.#end(number), name, protocol).isEmpty);
      });
      if (!has) this.#unmatched.push({ text: name, what: 'port' });
    }
  }

  /** Every source is to have the wanted answer at every destination. */
  #every(sources: Matched, destinations: Matched, wanted: 'allow' | 'deny'): void {
    for (const [destination, destinationRange] of destinations) {
      const answers = this.#index.to(destination);
      for (const [source, sourceRange] of sources) {
        const ports = answers.get(source);
        if (ports === undefined) continue;
        this.#judge({ source, sourceRange, destination, destinationRange }, ports, wanted);
      }
    }
  }

  /** Nothing else reaches the destinations; each listed item reaches one of them on one of the ports. */
  #only(sources: readonly Matched[], destinations: Matched): void {
    const { from, allowUnknown } = this.#assertion;
    const listed = mergeMatched(sources);
    for (const [destination, destinationRange] of destinations) {
      for (const [source, ports] of this.#index.to(destination)) {
        const end = this.#end(source);
        const range = listed.get(source);
        if (listed.has(source) && range === undefined) {
          this.#pairs++;
          continue;
        }
        const others =
          end.kind === 'external'
            ? end.range.subtract(this.#index.podAddresses.union(range ?? AddressSet.empty))
            : undefined;
        if (others?.isEmpty) {
          this.#pairs++;
          continue;
        }
        this.#judge({ source, sourceRange: others, destination, destinationRange }, ports, 'deny');
      }
    }
    for (const [at, matched] of sources.entries()) {
      const reaches = [...destinations.keys()].some((destination) => {
        const answers = this.#index.to(destination);
        return [...matched.keys()].some((source) => {
          const ports = answers.get(source);
          return ports?.some((entry) => {
            const asked = askedPorts(this.#assertion, this.#end(destination), entry.protocol);
            return (
              entry.allowed.overlaps(asked) ||
              (allowUnknown && entry.unknown.overlaps(asked)) ||
              this.#allowedByRequest(source, destination, entry, asked)
            );
          });
        });
      });
      if (!reaches) this.#idle.push(from[at] as WrittenEnd);
    }
  }

  #allowedByRequest(source: number, destination: number, entry: ProtocolPorts, asked: PortSet): boolean {
    const { request } = this.#assertion;
    if (request === undefined) return false;
    const ends = {
      source,
      sourceRange: rangeOf(this.#end(source)),
      destination,
      destinationRange: rangeOf(this.#end(destination)),
    };
    return portsIn(entry.unknown.intersect(asked)).some(
      (port) => this.#ask(ends, entry.protocol, port) === 'allow',
    );
  }

  /** Keeps what differs from the wanted answer on the asked ports. */
  #judge(pair: Pair, answers: readonly ProtocolPorts[], wanted: 'allow' | 'deny'): void {
    this.#pairs++;
    let violates = false;
    const keep = (protocol: ApiProtocol, ports: PortSet, outcome: Outcome) => {
      if (ports.isEmpty) return;
      violates = true;
      const list = outcome === 'unknown' ? this.#doubtful : this.#decided;
      if (list.length < maxViolations) list.push(this.#violation(pair, protocol, ports, outcome));
    };
    for (const entry of answers) {
      const { protocol, allowed } = entry;
      const asked = askedPorts(this.#assertion, this.#end(pair.destination), protocol);
      if (asked.isEmpty) continue;
      const sets = this.#withRequest(pair, entry, asked);
      const open = asked.intersect(allowed).union(sets.allowed);
      const unknown = sets.unknown;
      if (wanted === 'deny') keep(protocol, open, 'allow');
      else keep(protocol, asked.subtract(open).subtract(unknown), 'deny');
      if (!this.#assertion.allowUnknown) keep(protocol, unknown, 'unknown');
    }
    if (violates) this.#violating++;
  }

  /** What of the asked ports is not known, and what the request decides of it. */
  #withRequest(pair: Pair, { protocol, unknown }: ProtocolPorts, asked: PortSet) {
    const doubtful = asked.intersect(unknown);
    if (this.#assertion.request === undefined || doubtful.isEmpty) {
      return { allowed: PortSet.empty, unknown: doubtful };
    }
    let [allowed, rest] = [PortSet.empty, PortSet.empty];
    for (const port of portsIn(doubtful)) {
      const outcome = this.#ask(pair, protocol, port);
      if (outcome === 'allow') allowed = allowed.union(PortSet.of(port));
      if (outcome === 'unknown') rest = rest.union(PortSet.of(port));
    }
    return { allowed, unknown: rest };
  }

  #ask(pair: Pair, protocol: ApiProtocol, port: number): Outcome {
    const { declared } = this.#index;
    const side = (number: number, range: AddressSet | undefined) =>
      endpointOf(this.#end(number), declared, range && exampleAddress(range));
    const source = side(pair.source, pair.sourceRange);
    const destination = side(pair.destination, pair.destinationRange);
    if (source === undefined || destination === undefined) return 'unknown';
    return reach(declared, source, destination, protocol, port, this.#assertion.request).outcome;
  }

  #violation(pair: Pair, protocol: ApiProtocol, ports: PortSet, outcome: Outcome): Violation {
    return {
      source: this.#end(pair.source),
      destination: this.#end(pair.destination),
      sourceRange: pair.sourceRange,
      destinationRange: pair.destinationRange,
      protocol,
      ports,
      outcome,
    };
  }

  #end(number: number): ReachEnd {
    return this.#index.ends[number] as ReachEnd;
  }
}

/** Two ends, and of those outside the addresses that are meant. */
interface Pair {
  readonly source: number;
  readonly sourceRange: AddressSet | undefined;
  readonly destination: number;
  readonly destinationRange: AddressSet | undefined;
}

function rangeOf(end: ReachEnd): AddressSet | undefined {
  return end.kind === 'external' ? end.range : undefined;
}
