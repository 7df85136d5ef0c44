import { type Address, formatAddress } from '../../net/address.ts';
import { flowOf } from '../export/flow-of.ts';
import { DirectionJoiner } from '../export/join-directions.ts';
import { Direction, ExportRecord, Told } from '../export/record.ts';
import type { End, Flow, Identity } from '../flow.ts';

/** Names of addresses that are remembered. */
const maxNames = 65_536;
/** How long one way waits for the other: clouds tell a minute at a time. */
const windowMs = 60_000;

/**
 * Joins flows that count one way into ones that count both, from who opened the conversation, by the joiner that exports have. What two
 * machines tell of the same traffic is counted once. Flows that were refused, or that NAT changed, go on as they are.
 */
export class OneWayFlows {
  readonly #name: string;
  readonly #by: string;
  readonly #sink: (flow: Flow) => void;
  readonly #joiner: DirectionJoiner;
  readonly #record = new ExportRecord();
  readonly #names = new Map<string, Identity>();
  #ids = 0;

  /** `name`: the file, of which ids are made; `by`: who observed, as in `Observation.by`; `capacity`: ways that wait at once. */
  constructor(name: string, by: string, sink: (flow: Flow) => void, capacity = 16_384) {
    this.#name = name;
    this.#by = by;
    this.#sink = sink;
    this.#joiner = new DirectionJoiner({ seed: 0, windowMs, capacity }, (record) => this.#joined(record));
  }

  /** Records that told again what another one had told. */
  get doubles(): number {
    return this.#joiner.counters.doubles;
  }

  take(flow: Flow): void {
    if (flow.verdict?.outcome === 'deny' || flow.translated !== undefined || flow.sent === undefined) {
      this.#sink(flow);
      return;
    }
    this.#remember(flow.source);
    this.#remember(flow.destination);
    fill(this.#record, flow);
    this.#joiner.add(this.#record);
  }

  /** Hands on what still waits. */
  end(): void {
    this.#joiner.flush();
  }

  #joined(record: ExportRecord): void {
    const flow = flowOf(record, `${this.#name}:j${++this.#ids}`);
    this.#sink({
      ...flow,
      source: this.#named(flow.source),
      destination: this.#named(flow.destination),
      observation: { by: this.#by, exporter: this.#name },
    });
  }

  #remember({ address, identity }: End): void {
    if (identity === undefined) return;
    const key = formatAddress(address);
    this.#names.delete(key);
    if (this.#names.size >= maxNames) this.#names.delete(this.#names.keys().next().value!);
    this.#names.set(key, identity);
  }

  #named(end: End): End {
    const identity = this.#names.get(formatAddress(end.address));
    return identity === undefined ? end : { ...end, identity };
  }
}

/** Makes the record of an exporter that would have told this flow. */
function fill(record: ExportRecord, flow: Flow): void {
  const { source, destination, sent, seenBy, observation } = flow;
  record.clear();
  record.exporter = '';
  record.present =
    Told.Addresses | Told.Ports | Told.Protocol | Told.Packets | Told.Bytes | Told.Start | Told.End;
  record.family = source.address.family;
  lanesOf(source.address, record.source);
  lanesOf(destination.address, record.destination);
  record.protocol = flow.protocol;
  record.sourcePort = source.port;
  record.destinationPort = destination.port;
  record.start = flow.openedAt;
  record.end = flow.lastAt ?? flow.openedAt;
  record.arrival = record.end;
  record.count(sent?.packets ?? 0, sent?.bytes ?? 0, 0, 0, 1);
  if (sent?.tcpFlags !== undefined) {
    record.tcpFlags = sent.tcpFlags;
    record.present |= Told.TcpFlags;
  }
  // Where it was seen tells apart what both ends tell.
  const isOut = observation?.output !== undefined || seenBy === 'source';
  const isIn = observation?.input !== undefined || seenBy === 'destination';
  if (isOut || isIn) {
    record.direction = isOut ? Direction.Egress : Direction.Ingress;
    record.present |= Told.Direction;
  }
}

function lanesOf({ a, b, c, d }: Address, lanes: Uint32Array): void {
  lanes[0] = a;
  lanes[1] = b;
  lanes[2] = c;
  lanes[3] = d;
}
