import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { LogObservation } from '../event/service-log/log-observation.ts';
import { maxServiceLine, ServiceLogReader } from '../event/service-log/read-service-log.ts';
import { AuditLog } from './audit-log.ts';
import type { FlowSink, FlowSource, FlowSourceCounters, RunningFlowSource } from './flow-source.ts';
import type { Probe } from './sensor.ts';
import { Journal } from './service-logs/journal.ts';
import { utcOfLocal } from './service-logs/local-time.ts';

/** Which logs are followed. */
export interface ServiceLogsOptions {
  readonly files?: readonly string[];
  /** Whether the journal is followed too. */
  readonly journal?: boolean;
  /** Another folder than the machine's own journal. */
  readonly journalFolder?: string;
}

/** What services of which logs are read call themselves in the journal. */
const programs: readonly string[] = ['sshd', 'sshd-session', 'sshd-auth', 'kernel', 'ulogd', 'nginx'];

/** What services write into their logs. */
export const serviceLogs: FlowSource<ServiceLogsOptions> = {
  id: 'logs',
  title: 'Logs of services',
  since: '0.2.0',
  doc: `Follows logs of services: who logged in or failed to (sshd, nginx, Apache), and which packets firewalls refused (Linux, RouterOS). Files of
syslog in their usual forms, access and error logs, through rotation and before they are there; and the journal, by \`journalctl -f\`, of
which messages that root's services did not write are left out. What it tells goes to detectors, mostly \`brute-force\`; a refused packet is also a
flow, which came to nothing. Needs that the files, or the journal, may be read.

It begins with what is written from now on. Times without a year or zone are those of this machine. A line that is not understood is counted by reason;
one that was cut in the middle, when the file was, is lost, and counted. It believes what stands in files of syslog, into which every user of the
machine can write as if he were sshd.`,
  async probe(options = {}) {
    return probeLogs(options);
  },
  open: async (sink, options = {}) => new RunningServiceLogs(sink, options),
};

function probeLogs({ files = [], journal = false }: ServiceLogsOptions): Probe {
  const missing = files.filter((path) => !isReadable(path));
  const details = files.map((path) =>
    missing.includes(path) ? `${path} is not there, or may not be read; it is waited for` : path,
  );
  const hasJournal = journal && hasProgram('journalctl');
  if (journal)
    details.push(
      hasJournal
        ? 'the journal'
        : 'the journal cannot be read: there is no journalctl; install systemd, or name files of syslog',
    );
  if (journal && !hasJournal && files.length === 0) return { state: 'unavailable', details };
  return { state: missing.length > 0 || hasJournal !== journal ? 'limited' : 'available', details };
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function hasProgram(name: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => isReadable(join(folder, name)));
}

/** One log, and what became of its lines. */
interface Followed {
  readonly log: AuditLog;
  readonly reader: ServiceLogReader;
}

class RunningServiceLogs implements RunningFlowSource {
  readonly #sink: FlowSink;
  readonly #files: readonly Followed[];
  readonly #journal: Journal | undefined;
  readonly #journalReader = new ServiceLogReader();
  #refused = 0;

  constructor(sink: FlowSink, { files = [], journal = false, journalFolder }: ServiceLogsOptions) {
    this.#sink = sink;
    const warn = (text: string) => sink.notice?.(text);
    this.#files = files.map((path) => {
      const reader = new ServiceLogReader();
      const lines = (batch: readonly string[]) => this.#take(batch, reader);
      return { reader, log: new AuditLog(path, { lines, warn }, { maxLineBytes: maxServiceLine }) };
    });
    if (!journal || !hasProgram('journalctl')) return;
    const lines = (batch: readonly string[]) => this.#take(batch, this.#journalReader);
    this.#journal = new Journal(
      { lines, warn },
      {
        programs,
        maxLineBytes: maxServiceLine,
        ...(journalFolder !== undefined && { folder: journalFolder }),
      },
    );
  }

  async counters(): Promise<FlowSourceCounters> {
    const readers = [...this.#files.map(({ reader }) => reader), this.#journalReader];
    const statuses = this.#files.map(({ log }) => log.status());
    const dropped = new Map<string, number>();
    const details = new Map<string, number>();
    for (const { counts } of readers) {
      for (const [reason, count] of counts.dropped) add(dropped, reason, count);
      for (const [reason, count] of counts.skipped) add(details, `left out, ${reason}`, count);
      add(details, 'lines', counts.lines);
      add(details, 'observations', counts.observations);
    }
    for (const { undecodable } of statuses) add(dropped, 'too long', undecodable);
    add(dropped, 'too long', this.#journal?.tooLong ?? 0);
    for (const { log } of this.#files) {
      add(details, 'files rotated', log.rotations);
      add(details, 'files cut', log.truncations);
    }
    add(details, 'files not read', statuses.filter(({ state }) => state === 'failed').length);
    if (this.#journal !== undefined) add(details, 'journalctl started again', this.#journal.restarts);
    const cut = statuses.reduce((sum, { lost }) => sum + lost, 0);
    return {
      flows: this.#refused,
      lost: cut > 0 ? { 'lines cut in the middle': cut } : {},
      dropped: Object.fromEntries([...dropped].filter(([, count]) => count > 0)),
      details: Object.fromEntries(details),
    };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#files.map(({ log }) => log.stop()), this.#journal?.stop()]);
  }

  async #take(lines: readonly string[], reader: ServiceLogReader): Promise<void> {
    const now = Date.now();
    const seen: LogObservation[] = [];
    for (const line of lines) {
      const one = reader.line(line.trimEnd(), { reference: now, utcOf: utcOfLocal });
      if (one === undefined) continue;
      if (one.outcome === 'refused') this.#refused++;
      // What was written has happened, whatever the clock of who wrote it says.
      seen.push(one.at > now ? { ...one, at: now } : one);
    }
    if (seen.length > 0) await this.#sink.logs?.(seen);
  }
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}
