import { type Diagnostic, diagnose } from '../../diagnostic/diagnostic.ts';
import { type Address, formatAddress, parseAddress, unmapAddress } from '../../net/address.ts';
import { protocolNumber } from '../../net/protocol.ts';
import { fieldsOf, textOf } from '../../segmentation/values.ts';
import { tooManyFlows, unreadableFlow } from './codes.ts';

/** Flows between the same two addresses to the same port. */
export interface ObservedFlow {
  readonly source: Address;
  readonly destination: Address;
  /** IP protocol number. */
  readonly protocol: number;
  readonly port: number;
  /** What the ends were called when the flow was recorded: workloads only. */
  readonly sourceName: string | undefined;
  readonly destinationName: string | undefined;
  /** 1-based line of the first of them. */
  readonly line: number;
  flows: number;
}

export interface FlowCounts {
  readonly lines: number;
  readonly flows: number;
  /** Lines that are no flow. */
  readonly broken: number;
  /** Records of other types, such as alerts. */
  readonly others: number;
  /** Flows that were never established: scans, refused and blocked attempts. */
  readonly unestablished: number;
}

export interface FlowLimits {
  /** Characters of one line. */
  readonly maxLine: number;
  /** Different connections that are kept. */
  readonly maxFlows: number;
  /** Broken lines that are told one by one. */
  readonly maxDiagnostics: number;
}

export const flowLimits: FlowLimits = { maxLine: 1 << 20, maxFlows: 200_000, maxDiagnostics: 20 };

/** States in which data could pass (FlowState). */
const established: ReadonlySet<unknown> = new Set(['established', 'closed']);
const states: ReadonlySet<unknown> = new Set([
  ...established,
  'attempted',
  'unanswered',
  'refused',
  'timed-out',
  'unreachable',
  'aborted',
]);

/** Takes flows line by line, as `picket flows -o jsonl` prints them, and keeps one of each kind. Never throws on a line. */
export class FlowLog {
  readonly diagnostics: Diagnostic[] = [];
  readonly #file: string;
  readonly #limits: FlowLimits;
  readonly #flows = new Map<string, ObservedFlow>();
  #lines = 0;
  #offset = 0;
  #read = 0;
  #broken = 0;
  #others = 0;
  #unestablished = 0;
  #full = false;

  constructor(file: string, limits: Partial<FlowLimits> = {}) {
    this.#file = file;
    this.#limits = { ...flowLimits, ...limits };
  }

  /** Different connections, in the order in which they appear first. */
  get flows(): readonly ObservedFlow[] {
    return [...this.#flows.values()];
  }

  get counts(): FlowCounts {
    return {
      lines: this.#lines,
      flows: this.#read,
      broken: this.#broken,
      others: this.#others,
      unestablished: this.#unestablished,
    };
  }

  /** Whether some connections were not kept: then nothing may be made of the others. */
  get isFull(): boolean {
    return this.#full;
  }

  /** Takes one line without its end. */
  add(line: string): void {
    this.#lines++;
    const start = this.#offset;
    this.#offset += line.length + 1;
    if (line.trim() === '') return;
    const fault = line.length > this.#limits.maxLine ? 'the line is longer than the limit' : this.#take(line);
    if (fault === undefined) return;
    this.#broken++;
    if (this.#broken > this.#limits.maxDiagnostics) return;
    const position = { line: this.#lines, column: 1, offset: start };
    this.diagnostics.push(
      diagnose(unreadableFlow, {
        message: `line ${this.#lines} is no flow: ${fault}`,
        span: { file: this.#file, start: position, end: position },
        help: 'write the flows with `picket flows -o jsonl`',
      }),
    );
  }

  /** Returns what is wrong with the line. */
  #take(line: string): string | undefined {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return 'not JSON';
    }
    const record = fieldsOf(value);
    // `picket run --json` prints alerts between the flows.
    if (record.type !== undefined && record.type !== 'flow') {
      this.#others++;
      return undefined;
    }
    const reached = reachedBy(record);
    const [source, destination] = [endOf(record.source), endOf(reached)];
    if (typeof source === 'string') return `source: ${source}`;
    if (typeof destination === 'string') return `destination: ${destination}`;
    const protocol = typeof record.protocol === 'string' ? protocolNumber(record.protocol) : undefined;
    if (protocol === undefined) return 'no protocol';
    if (!states.has(record.state)) return 'no state';
    const { port } = reached;
    if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
      return 'destination: no port';
    }
    this.#read++;
    if (!established.has(record.state)) this.#unestablished++;
    else this.#keep(source, destination, protocol, port);
    return undefined;
  }

  #keep(source: ReadEnd, destination: ReadEnd, protocol: number, port: number): void {
    const names = `${source.name ?? ''}\0${destination.name ?? ''}`;
    const key = `${formatAddress(source.address)} ${formatAddress(destination.address)} ${protocol} ${port} ${names}`;
    const known = this.#flows.get(key);
    if (known !== undefined) {
      known.flows++;
      return;
    }
    if (this.#flows.size >= this.#limits.maxFlows) {
      this.#refuse();
      return;
    }
    this.#flows.set(key, {
      source: source.address,
      destination: destination.address,
      protocol,
      port,
      sourceName: source.name,
      destinationName: destination.name,
      line: this.#lines,
      flows: 1,
    });
  }

  #refuse(): void {
    if (this.#full) return;
    this.#full = true;
    this.diagnostics.push(
      diagnose(tooManyFlows, {
        message: `there are more than ${this.#limits.maxFlows} different connections; from line ${this.#lines} on they were left out`,
        help: 'filter the flows, e.g. picket flows ns=shop -o jsonl',
      }),
    );
  }
}

interface ReadEnd {
  readonly address: Address;
  readonly name: string | undefined;
}

/** The destination; of one that was named by what NAT led to, with address and port from behind NAT. */
function reachedBy(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const destination = fieldsOf(record.destination);
  if (fieldsOf(destination.identity).via === undefined) return destination;
  return { ...destination, ...fieldsOf(fieldsOf(record.translated).destination) };
}

function endOf(value: unknown): ReadEnd | string {
  const { address: text, identity } = fieldsOf(value);
  const address = typeof text === 'string' ? parseAddress(text) : undefined;
  if (address === undefined) return 'no address';
  const { kind, name } = fieldsOf(identity);
  return { address: unmapAddress(address), name: kind === 'workload' ? textOf(name) : undefined };
}
