import { version } from '../../agent/version.ts';
import { alertToJson } from '../../detect/json.ts';
import { loadPublicSuffixes } from '../../detect/registrable-domain.ts';
import { detectors } from '../../detect/registry.ts';
import { readDetectSettings } from '../../detect/settings/settings.ts';
import { plural } from '../../detect/text.ts';
import { flowLogFormats } from '../../flow/logs/registry.ts';
import { flowWriters } from '../../flow/logs/writers.ts';
import { incidentToJson } from '../../incident/json.ts';
import type { ReadLimits } from '../../manifest/limits.ts';
import { alertText } from '../alert-text.ts';
import { ExitCode, UsageError } from '../command.ts';
import { incidentBlock } from '../incidents/incident-text.ts';
import type { Io } from '../io.ts';
import { loadPosture } from '../load-posture.ts';
import { progress } from '../progress.ts';
import { replayJson, replaySummary } from '../render/replay/json.ts';
import { replayText } from '../render/replay/text.ts';
import { openSink } from '../render/sink.ts';
import { dateTime } from '../time.ts';
import { type FileBytes, openFileBytes } from './file-bytes.ts';
import { type FlowInputKind, type FlowInputTaker, flowInputKind, readFlowInput } from './flow-input.ts';
import { FlowReplay } from './flow-replay.ts';
import type { FlowInputCounts } from './input-counts.ts';

/** Files that are named in the last line. */
const maxNamed = 3;

/** A file of flows. */
export interface FlowInput {
  readonly file: FileBytes;
  readonly kind: FlowInputKind;
}

/** What is to be done with flows. */
export interface FlowReplayRequest {
  readonly manifests: readonly string[];
  readonly limits: Partial<ReadLimits>;
  readonly output: 'text' | 'json' | 'jsonl';
  /** Whether the flows of captures are what exporters tell in them. */
  readonly exports: boolean;
  /** Form to write the flows in, instead of asking detectors of them. */
  readonly write: string | undefined;
  /** File that result goes into; standard output without one. */
  readonly to: string | undefined;
}

/** Returns those of the paths that hold flows; `format` says what all of them are. Throws UsageError. */
export async function flowInputsOf(
  paths: readonly string[],
  format: string | undefined,
  io: Io,
): Promise<readonly (FlowInput | undefined)[]> {
  const forced = format === 'service-log' ? format : flowLogFormats.find(({ id }) => id === format);
  const inputs: (FlowInput | undefined)[] = [];
  for (const path of paths) {
    const file = await openFileBytes(path, io);
    const kind = forced ?? flowInputKind(file);
    if (path === '-' && kind === undefined)
      throw new UsageError(
        'standard input holds no flows of a form that is known',
        'name its form with --from',
      );
    inputs.push(kind === undefined ? undefined : { file, kind });
  }
  return inputs;
}

/** Replays flows, or writes them in another form. Throws UsageError and FailedError. */
export async function replayFlows(
  inputs: readonly FlowInput[],
  request: FlowReplayRequest,
  io: Io,
): Promise<ExitCode> {
  const loaded = await loadPosture(request.manifests, io, request.limits);
  for (const { name, reason } of loaded.unreadable)
    io.err(`${io.errStyle('yellow', 'warning')}: ${name} was not read: ${reason}\n`);
  const { settings, diagnostics } = readDetectSettings(loaded.set.site, detectors, Date.now());
  if (diagnostics.length > 0)
    io.err(
      `${io.errStyle('yellow', 'warning')}: ${plural(diagnostics.length, 'problem')} in what the site file says of detectors: picket check says which\n`,
    );
  const isJudged = request.manifests.length > 0;
  const sink = openSink(io, request.to);
  const told = progress(io, 'flows');
  await loadPublicSuffixes();
  const replay = new FlowReplay(loaded.posture, settings);
  const writer = flowWriters.find(({ id }) => id === request.write)?.open({ now: Date.now(), version });
  if (writer !== undefined) sink.write(writer.head());
  const exports = request.exports ? new (await import('./export-input.ts')).ExportInput() : undefined;
  const files: FlowInputCounts[] = [];
  for (const { file, kind } of inputs) {
    const taker: FlowInputTaker = {
      flow(flow) {
        const judged = replay.take(flow);
        // Without anything declared there is nothing better than the verdict of who wrote the log.
        if (writer !== undefined) sink.write(writer.flow(isJudged ? judged : flow));
        told.step();
      },
      dns: (message) => replay.takeDns(message),
      log(seen) {
        const refused = replay.takeLog(seen);
        if (writer !== undefined && refused !== undefined) sink.write(writer.flow(refused));
        told.step();
      },
    };
    files.push(await readFlowInput(file, kind, taker, exports, io));
  }
  told.end();
  replay.end();
  if (writer !== undefined) {
    sink.write(writer.tail());
    sink.end();
    const written = files.reduce((sum, { flows }) => sum + flows, 0);
    io.err(`${plural(written, 'flow')} written as ${request.write}\n`);
    return ExitCode.clean;
  }
  if (request.output === 'json') sink.write(`${JSON.stringify(replayJson(replay, files), null, 2)}\n`);
  else if (request.output === 'jsonl') {
    for (const alert of replay.alerts)
      sink.write(`${JSON.stringify({ type: 'alert', ...alertToJson(alert) })}\n`);
    for (const incident of replay.incidents)
      sink.write(`${JSON.stringify({ type: 'incident', ...incidentToJson(incident) })}\n`);
    sink.write(`${JSON.stringify({ type: 'summary', schemaVersion: 1, ...replaySummary(replay, files) })}\n`);
  } else {
    for (const alert of replay.alerts) sink.write(`${alertText(alert, io.style, io.columns, dateTime)}\n`);
    for (const incident of replay.incidents.filter(({ alertCount }) => alertCount > 1))
      sink.write(`${incidentBlock(incident, io.style, io.columns)}\n`);
    sink.write(replayText(replaySummary(replay, files), isJudged, io.style));
  }
  sink.end();
  const kept = replay.alerts.length;
  if (replay.raised > kept) io.err(`${replay.raised - kept} more alerts were raised than are kept\n`);
  io.err(
    `${plural(replay.raised, 'alert')} over ${amountText(replay.summary.total.flows, files)} of ${filesText(files)}\n`,
  );
  return replay.raised > 0 ? ExitCode.problems : ExitCode.clean;
}

/** How much there was: flows, and what logs of services told. */
function amountText(flows: number, files: readonly FlowInputCounts[]): string {
  const logs = files.filter(({ observations }) => observations !== undefined);
  const told = logs.reduce((sum, { observations = 0 }) => sum + observations, 0);
  const entries = `${told} ${told === 1 ? 'entry' : 'entries'} of logs`;
  if (logs.length === 0) return plural(flows, 'flow');
  return flows === 0 ? entries : `${plural(flows, 'flow')} and ${entries}`;
}

/** Names of the files with what they are, or how many there are. */
function filesText(files: readonly FlowInputCounts[]): string {
  if (files.length > maxNamed) return `${files.length} files`;
  return files.map(({ name, format }) => `${name} (${format})`).join(', ');
}
