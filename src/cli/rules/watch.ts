import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { AskedSet } from '../../agent/rules/asked-set.ts';
import { RuleAlerts } from '../../agent/rules/rule-alerts.ts';
import type { RecordRequest } from '../../agent/rules/system-calls/messages.ts';
import { SystemCallRules } from '../../agent/rules/system-calls.ts';
import { auditSource } from '../../event/audit/audit-source.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import { AlertOutputs, type AlertSettings } from '../../output/alert-outputs.ts';
import { systemTimers } from '../../output/timers.ts';
import { defaultAlertOptions } from '../../rules/format/alert.ts';
import type { FalcoSettings } from '../../rules/settings/settings.ts';
import { capabilitiesOf } from '../../sensor/capabilities.ts';
import type { EventSensorKind } from '../../sensor/event-sensor.ts';
import { FailedError, UsageError } from '../command.ts';
import type { Io } from '../io.ts';
import { coverageLines } from './coverage.ts';
import { readFalcoConfig } from './load-config.ts';
import { loadRuleFiles, type RuleFiles } from './load-rule-files.ts';

/** What `picket run` was asked of rules. */
export interface RulesRequest {
  /** Files and folders of Falco rules. */
  readonly rules: readonly string[];
  /** A `falco.yaml`, and what overrides it (`key=value`). */
  readonly config: string | undefined;
  readonly overrides: readonly string[];
  /** Of an event the first rule that holds, or all; undefined: as the configuration says, else the first. */
  readonly matching: 'first' | 'all' | undefined;
  readonly sensor: EventSensorKind | 'auto';
  /** Where the container engine listens; `none` for none, undefined for the usual places. */
  readonly criSocket: string | undefined;
  /** Where system events are recorded. */
  readonly record: RecordRequest | undefined;
  /** Alerts as JSON, whatever the configuration says. */
  readonly json: boolean;
  /** Where alerts wait that an output cannot take; without one they wait in memory. */
  readonly spoolFolder: string | undefined;
}

/** Rules as they were loaded, and where their alerts go. */
export interface WatchedRules {
  readonly asked: AskedSet;
  readonly alerts: RuleAlerts;
}

/** Loads the rules, which may be none, and opens the outputs. Throws UsageError or FailedError. */
export async function loadWatched(
  request: RulesRequest,
  io: Io,
  say: (text: string) => void,
): Promise<WatchedRules> {
  const { asked, settings, errors } = await loadAsked(request, io, say);
  if (errors > 0) say(`warning: ${problems(errors, request)}`);
  const outputs = openOutputs(settings, request.spoolFolder, say);
  return { asked, alerts: new RuleAlerts({ outputs, warn: (text) => say(`warning: ${text}`) }) };
}

/**
 * Loads the rules again and has them asked in place of those before. Rules with errors are not taken over: better the old ones whole
 * than new ones with holes. Where alerts go stays as it is. Never throws.
 */
export async function reloadWatched(
  { alerts }: WatchedRules,
  request: RulesRequest,
  io: Io,
  say: (text: string) => void,
): Promise<void> {
  try {
    const { asked, errors } = await loadAsked(request, io, say);
    if (errors > 0) {
      say(`warning: the old rules stay: ${problems(errors, request)}`);
      return;
    }
    await alerts.replace(asked);
    const { sources } = alerts.status();
    const counts = sources.filter(({ rules }) => rules > 0).map(({ id, rules }) => `${rules} on ${id}`);
    say(`rules    read again: ${counts.join(', ') || 'none'}`);
    const missing = unasked(asked, new Set(sources.map(({ id }) => id)));
    if (missing.length > 0)
      say(
        `warning: there were no rules on ${missing.join(' and ')} at the start: picket must be started again`,
      );
  } catch (error) {
    say(`warning: the rules were not read again, the old ones stay: ${(error as Error).message}`);
  }
}

/** Sources of events that rules are for and that nobody reads. */
function unasked({ rules, correlations }: AskedSet, running: ReadonlySet<string>): string[] {
  const wanted = [...rules, ...correlations].filter(({ enabled }) => enabled).map(({ source }) => source);
  // Audit events come only where they were asked for.
  return [...new Set(wanted)].filter((source) => source === syscallSource.id && !running.has(source));
}

interface LoadedSet {
  readonly asked: AskedSet;
  readonly settings: AlertSettings;
  readonly errors: number;
}

async function loadAsked(request: RulesRequest, io: Io, say: (text: string) => void): Promise<LoadedSet> {
  const { rules: paths, config, overrides, json, matching } = request;
  const loaded: RuleFiles & { readonly settings?: FalcoSettings } =
    config === undefined
      ? await loadRuleFiles(paths, io)
      : await readFalcoConfig(config, io, { overrides, rules: paths });
  for (const { name, reason } of loaded.unreadable) say(`warning: ${name} was not read: ${reason}`);
  const { rules, correlations, settings, diagnostics } = loaded;
  const alerts = settings?.alerts ?? defaultAlertOptions;
  return {
    asked: {
      rules,
      correlations,
      matching: matching ?? settings?.matching ?? 'first',
      staticFields: settings?.staticFields ?? new Map(),
      bytesAsBase64: settings?.bufferBase64 ?? false,
    },
    settings: {
      alerts: { ...alerts, json: json || alerts.json },
      outputs: settings?.outputs ?? { stdout: true },
    },
    errors: diagnostics.filter(({ severity }) => severity === 'error').length,
  };
}

/** Asks the rules of system calls of what happens here, where there are any, and records it where that is asked for. Throws FailedError. */
export async function watchSystemCalls(
  { asked, alerts }: WatchedRules,
  { sensor, criSocket, record }: Pick<RulesRequest, 'sensor' | 'criSocket' | 'record'>,
  say: (text: string) => void,
): Promise<void> {
  const mine = [...asked.rules, ...asked.correlations].filter(
    ({ enabled, source }) => enabled && source === syscallSource.id,
  );
  if (mine.length === 0 && record === undefined) return;
  try {
    const setup = { ...asked, hostname: hostname(), sensor, criSocket, record };
    const source = await SystemCallRules.open(setup, alerts);
    alerts.add(source);
    say(`rules    ${source.status().rules} on ${source.status().detail}`);
    if (record !== undefined)
      say(`record   ${record.path}, the newest ${Math.round(record.maxBytes / 2 ** 20)} MiB`);
    if (source.containers !== undefined) say(`engine   ${source.containers}, for images and pods`);
    if (source.containersMissing !== undefined)
      say(`warning: ${source.containersMissing}; it is tried again`);
    if (source.insteadBecause !== undefined) say(`warning: without BPF: ${source.insteadBecause}`);
    const withEngine = capabilitiesOf(source.sensor, { containers: true });
    const lines =
      source.containers === undefined
        ? coverageLines(asked, capabilitiesOf(source.sensor), withEngine)
        : coverageLines(asked, withEngine);
    for (const line of lines) say(`warning: ${line}`);
  } catch (error) {
    const { message } = error as Error;
    if (record !== undefined && message.includes(dirname(record.path)))
      throw new UsageError(message, 'name another file with --record, in a folder that is there');
    throw new FailedError(
      message,
      'picket doctor says what is missing; leave out --rules and --record to do without',
    );
  }
}

/** Says which rules on audit events are not asked, where nothing gives such events: Falco has them from a plugin of its configuration. */
export function tellUnaskedAudit(
  { rules, correlations }: Pick<AskedSet, 'rules' | 'correlations'>,
  say: (text: string) => void,
): void {
  const unasked = [...rules, ...correlations].filter(
    ({ enabled, source }) => enabled && source === auditSource.id,
  );
  if (unasked.length === 0) return;
  const which = unasked.length === 1 ? 'a rule' : `${unasked.length} rules`;
  say(
    `warning: ${which} of source ${auditSource.id} will not be asked, for want of audit events: add --audit-log FILE or --ingest-listen ADDRESS`,
  );
}

function openOutputs(
  settings: AlertSettings,
  folder: string | undefined,
  say: (text: string) => void,
): AlertOutputs {
  try {
    return new AlertOutputs(settings, {
      hostname: hostname(),
      timers: systemTimers,
      randomId: () => randomBytes(8).toString('hex'),
      echo: (answer) => say(answer),
      ...(folder !== undefined && { folder }),
    });
  } catch (error) {
    throw new FailedError(`the outputs cannot be opened: ${(error as Error).message}`);
  }
}

function problems(errors: number, { config }: RulesRequest): string {
  const where = config === undefined ? 'rules' : 'configuration and its rules';
  return `${errors} error${errors === 1 ? '' : 's'} in the ${where}; picket rules check shows them`;
}
