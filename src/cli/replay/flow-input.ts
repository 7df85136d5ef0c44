import type { LogObservation } from '../../event/service-log/log-observation.ts';
import { isServiceLog } from '../../event/service-log/read-service-log.ts';
import { isPcap } from '../../flow/capture/pcap.ts';
import { sectionHeader } from '../../flow/capture/pcapng.ts';
import { CaptureFlows } from '../../flow/capture-flows.ts';
import type { DnsMessage } from '../../flow/dns-message.ts';
import type { Flow } from '../../flow/flow.ts';
import type { FlowLogFormat } from '../../flow/logs/flow-log.ts';
import { OneWayFlows } from '../../flow/logs/join-one-way.ts';
import { FlowLogFile, recognizeFlowLog } from '../../flow/logs/read-flow-log.ts';
import { dropReasonNames } from '../../flow/packet/drop-reason.ts';
import type { PacketFlowsOptions } from '../../flow/table/packet-flows.ts';
import { FailedError } from '../command.ts';
import type { Io } from '../io.ts';
import type { CaptureEnd } from './capture-thread/messages.ts';
import { CaptureFileError, type CaptureRequest, readCaptureInThread } from './capture-thread.ts';
import type { ExportInput } from './export-input.ts';
import { cutShort, type FileBytes } from './file-bytes.ts';
import { type FlowInputCounts, positive } from './input-counts.ts';
import { readServiceLog } from './service-log-input.ts';

/** What a file holds flows in: a log of some tool, packets, which may be those of exporters, or a log of services. */
export type FlowInputKind = FlowLogFormat | 'capture' | 'service-log';

/** Who takes what files hold beside flows. */
export interface FlowInputTaker {
  flow(flow: Flow): void;
  dns(message: DnsMessage): void;
  log(seen: LogObservation): void;
}

/** Returns what kind of flows a file holds, going by what it begins with; undefined when it is something else. */
export function flowInputKind({ beginning }: FileBytes): FlowInputKind | undefined {
  if (isCapture(beginning)) return 'capture';
  return recognizeFlowLog(beginning) ?? (isServiceLog(beginning) ? 'service-log' : undefined);
}

/**
 * Reads all flows of a file; of a capture those that `exports` finds in it, where it is given, and
 * else also its questions and answers of DNS; of a log of services what it tells. Throws FailedError where its bytes cannot be had, or nothing of them is what
 * they should be.
 */
export async function readFlowInput(
  file: FileBytes,
  kind: FlowInputKind,
  taker: FlowInputTaker,
  exports: ExportInput | undefined,
  io: Io,
): Promise<FlowInputCounts> {
  if (kind === 'service-log') return readServices(file, taker);
  const sink = (flow: Flow) => taker.flow(flow);
  const isLog = typeof kind !== 'string';
  const counts = await (isLog
    ? readLog(file, kind, sink)
    : exports === undefined
      ? readCapture(file, sink, (message) => taker.dns(message))
      : exports.read(file, sink));
  for (const problem of counts.problems)
    io.err(`${io.errStyle('yellow', 'not read')}: ${file.name}: ${problem}\n`);
  const problems = Object.values(counts.dropped).reduce((sum, one) => sum + one, 0);
  const more = isLog ? problems - counts.problems.length : 0;
  if (more > 0)
    io.err(`${io.errStyle('yellow', 'not read')}: ${file.name}: ${more} more problems like these\n`);
  if (counts.flows === 0 && problems > 0)
    throw new FailedError(
      `${file.name}: nothing in it could be read as ${isLog ? kind.title : exports === undefined ? 'packets' : 'exports of flows'}`,
    );
  return counts;
}

async function readServices(file: FileBytes, taker: FlowInputTaker): Promise<FlowInputCounts> {
  const counts = await readServiceLog(file, (seen) => taker.log(seen));
  const { observations = 0, records, dropped } = counts;
  const unreadable = Object.values(dropped).reduce((sum, one) => sum + one, 0);
  if (observations === 0 && records > 0 && unreadable === records)
    throw new FailedError(`${file.name}: nothing in it could be read as a log of services`);
  return counts;
}

async function readLog(
  file: FileBytes,
  format: FlowLogFormat,
  sink: (flow: Flow) => void,
): Promise<FlowInputCounts> {
  const joiner = format.isOneWay ? new OneWayFlows(file.name, format.id, sink) : undefined;
  const take = joiner === undefined ? sink : (flow: Flow) => joiner.take(flow);
  const log = new FlowLogFile({ name: file.name, format }, take);
  for await (const chunk of file.chunks()) log.take(chunk);
  log.end();
  joiner?.end();
  const { lines, flows, skipped, dropped, problems } = log.counts;
  return {
    name: file.name,
    format: format.id,
    records: lines,
    flows,
    toldTwice: joiner?.doubles ?? 0,
    skipped: Object.fromEntries(skipped),
    dropped: Object.fromEntries(dropped),
    problems: problems.map(({ line, reason }) => `line ${line}: ${reason}`),
  };
}

/**
 * Bytes that the shortest packet takes in a capture: 16 before it (in pcapng around it), and a header of IPv4. An address in an answer
 * of DNS takes 16 (RFC 1035 §4.1.3).
 */
const leastBytes = { packet: 16 + 20, address: 16 } as const;
/** Tables are not smaller, and not larger than they are for files of unknown size. */
const leastRows = 64;
const mostRows = { flows: 1_048_576, lookups: 16_384 } as const;

/** Tables for no more than a file of this size can fill: many small files are read as fast as one large one. */
function tablesFor(file: FileBytes['file']): Pick<PacketFlowsOptions, 'maxFlows' | 'names'> {
  if (file === undefined || file.pack !== undefined) return {};
  const rows = (most: number, bytes: number) => Math.min(most, leastRows + Math.ceil(file.size / bytes));
  return {
    maxFlows: rows(mostRows.flows, leastBytes.packet),
    names: { lookups: rows(mostRows.lookups, leastBytes.address) },
  };
}

/** Bytes of a file from which a thread of its own, which takes some 60 ms to begin, pays. */
const largeBytes = 32 * 2 ** 20;

async function readCapture(
  file: FileBytes,
  sink: (flow: Flow) => void,
  dns: (message: DnsMessage) => void,
): Promise<FlowInputCounts> {
  let flows = 0;
  const isLarge = file.file !== undefined && file.file.size >= largeBytes;
  const { counters, problem, decoded } = await (isLarge ? readLarge : readSmall)(file, {
    // Whole flows: nobody waits for the parts of one that lasts.
    table: { ...tablesFor(file.file), activeMs: 0 },
    // Ids of several files must differ.
    teller: {
      flowId: (number) => `${file.name}:${number}`,
      observation: { by: 'capture', exporter: file.name },
    },
    flow: (flow) => {
      flows++;
      sink(flow);
    },
    dns,
  });
  const undecoded = dropReasonNames
    .map((name, at): [string, number] => [name, decoded[at] ?? 0])
    .filter(([name]) => name !== 'decoded');
  return {
    name: file.name,
    format: 'capture',
    records: counters.records,
    flows,
    toldTwice: 0,
    skipped: positive([
      ['descriptions and blocks of other kinds', counters.described + counters.skipped],
      ...undecoded.filter(([name]) => name === 'not-ip'),
    ]),
    dropped: positive([
      ...Object.entries(counters.dropped),
      ...undecoded.filter(([name]) => name !== 'not-ip'),
    ]),
    problems: problem === undefined ? [] : [`at byte ${problem.offset}: ${problem.message}`],
  };
}

async function readSmall(file: FileBytes, { table, teller, flow, dns }: CaptureRequest): Promise<CaptureEnd> {
  const capture: CaptureFlows = new CaptureFlows(
    { ...table, ...teller, interfaceName: (number) => capture.reader.interfaces[number]?.name },
    { ended: (flows, slot) => flow(flows.flow(slot)), ...(dns && { dns }) },
  );
  for await (const chunk of file.chunks()) {
    capture.push(chunk);
    if (capture.reader.hasEnded) break;
  }
  capture.end();
  const { counters, problem } = capture.reader;
  return { counters, problem, decoded: capture.decoder.counts };
}

async function readLarge({ name, file }: FileBytes, request: CaptureRequest): Promise<CaptureEnd> {
  try {
    return await readCaptureInThread({ ...request, path: file!.path, pack: file!.pack });
  } catch (error) {
    throw error instanceof CaptureFileError ? cutShort(name, error) : error;
  }
}

/** Blocks of pcapng have this type at their beginning in either byte order; captures of system calls have it too. */
function isCapture(bytes: Uint8Array): boolean {
  if (bytes.length < 24) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  if (isPcap(magic)) return true;
  return magic === sectionHeader && !isSystemCalls(view);
}

/** Blocks that sysdig and Falco write after the first have types of their own, from 0x201 on. */
function isSystemCalls(view: DataView): boolean {
  const isLittle = view.getUint32(8) === 0x4d3c2b1a;
  const next = view.getUint32(4, isLittle);
  if (next + 4 > view.byteLength) return false;
  const type = view.getUint32(next, isLittle);
  return type >= 0x201 && type < 0x300;
}
