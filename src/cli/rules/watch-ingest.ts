import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type IngestOptions, type IngestService, ingest } from '../../agent/ingest.ts';
import type { AskedSet } from '../../agent/rules/asked-set.ts';
import { AuditRules } from '../../agent/rules/audit-rules.ts';
import { FalcoAlerts } from '../../agent/rules/falco-alerts.ts';
import type { RuleAlertSink, RuleSource } from '../../agent/rules/rule-source.ts';
import { LogFile } from '../../sensor/log-file.ts';
import { FailedError } from '../command.ts';
import type { Io } from '../io.ts';
import { parseListen } from '../listen.ts';

/** Events and alerts that are taken in from others, as `picket run` was asked. */
export interface IngestRequest {
  /** Logs of audit events that are followed. */
  readonly auditLogs: readonly string[];
  /** Where audit events and alerts of Falco may be posted. */
  readonly listen: string | undefined;
  readonly token: string | undefined;
  /** Names by which this machine may be asked for, beside localhost and its addresses. */
  readonly names: readonly string[];
}

/** Where alerts go, and which sources there are. */
export interface IngestSink extends RuleAlertSink {
  add(source: RuleSource): void;
}

/**
 * Follows logs of audit events, and listens for audit events and alerts of Falco; the sources are added to the sink, and stopped
 * with it. Throws UsageError or FailedError.
 */
export async function watchIngest(
  { auditLogs, listen, token, names }: IngestRequest,
  rules: AskedSet,
  sink: IngestSink,
  io: Io,
  say: (text: string) => void,
): Promise<void> {
  if (auditLogs.length === 0 && listen === undefined) return;
  const audit = new AuditRules(rules, sink, { ...rules, hostname: hostname() });
  const asked = audit.status().rules;
  if (listen !== undefined) {
    const falco = new FalcoAlerts(sink);
    const service = await open(listen, { token, names, falco, ...(asked > 0 && { audit }) });
    falco.inputs.add(service.input('/falco'));
    sink.add(falco);
    say(`alerts   of Falco: ${falco.status().detail}`);
    if (asked > 0) audit.inputs.add(service.input('/k8s-audit'));
  }
  if (asked === 0) {
    if (auditLogs.length > 0)
      say(`warning: no rule is for audit events (source: k8s_audit), so ${auditLogs.join(', ')} is not read`);
    return;
  }
  for (const path of auditLogs) {
    const lines = (batch: readonly string[]) => void audit.take(batch.join('\n'));
    audit.inputs.add(new LogFile(resolve(io.cwd, path), { lines, warn: (text) => sink.warn(text) }));
  }
  sink.add(audit);
  say(`rules    ${asked} on audit events: ${audit.status().detail}`);
}

async function open(listen: string, options: Omit<IngestOptions, 'listen'>): Promise<IngestService> {
  const address = { ...parseListen(listen, '--ingest-listen'), option: '--ingest-listen' };
  try {
    return await ingest({ listen: address, ...options });
  } catch (error) {
    throw new FailedError(
      (error as Error).message,
      options.token
        ? 'choose another address, e.g. --ingest-listen 127.0.0.1:9766'
        : 'choose another address, or give a token with PICKET_INGEST_TOKEN',
    );
  }
}
