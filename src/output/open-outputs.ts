import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { AlertOptions } from '../rules/format/alert.ts';
import type { HttpSettings, OutputSettings } from '../rules/settings/settings.ts';
import type { BackoffOptions } from './backoff.ts';
import { DiskSpool } from './disk/disk-spool.ts';
import { MemorySpool } from './memory-spool.ts';
import { Output } from './output.ts';
import type { Timers } from './timers.ts';
import type { Transport } from './transport.ts';
import { FileTransport } from './transports/file.ts';
import { HttpTransport } from './transports/http.ts';
import { ProgramTransport } from './transports/program.ts';
import { StdoutTransport } from './transports/stdout.ts';
import { LocalSyslogTransport } from './transports/syslog-local.ts';
import { remoteSyslogTransport } from './transports/syslog-remote.ts';

export interface OpenOptions {
  readonly alerts: AlertOptions;
  readonly hostname: string;
  readonly timers: Timers;
  /** 16 random hexadecimal digits, new at each call. */
  readonly randomId: () => string;
  /** Where spools are kept, one folder for each output; without one they are in memory, and end with the process. */
  readonly folder?: string;
  /** Bytes of each spool. */
  readonly maxBytes?: number;
  /** Takes what an HTTP receiver answers, with `echo`. */
  readonly echo?: (answer: string) => void;
  readonly backoff?: BackoffOptions;
}

const defaultBytes = 64 * 2 ** 20;
const memoryBytes = 4 * 2 ** 20;
const certificate = /-----BEGIN (TRUSTED )?CERTIFICATE-----/;

/**
 * Returns an output for each that is enabled. Throws an Error that names the setting when a certificate or key cannot be
 * read. No other process may use the folder meanwhile: {@link AlertOutputs} sees to it.
 */
export function openOutputs(settings: OutputSettings, options: OpenOptions): Output[] {
  const { folder, maxBytes = defaultBytes, randomId, timers, hostname, alerts, backoff } = options;
  return transportsOf(settings, options).map((transport) => {
    const spool =
      folder === undefined
        ? new MemorySpool(randomId(), Math.min(maxBytes, memoryBytes))
        : new DiskSpool({
            folder: join(folder, transport.kind),
            maxBytes,
            sync: 'interval',
            newId: randomId(),
          });
    return new Output({ transport, spool, timers, hostname, alerts, ...(backoff && { backoff }) });
  });
}

function transportsOf(settings: OutputSettings, { alerts: { json }, echo }: OpenOptions): Transport[] {
  const { stdout, file, program, syslog, http } = settings;
  const transports: Transport[] = [];
  if (stdout) transports.push(new StdoutTransport(1, json));
  if (file) transports.push(new FileTransport({ ...file, json }));
  if (program) transports.push(new ProgramTransport({ ...program, json }));
  if (syslog?.protocol === 'unix') {
    const { path } = syslog;
    transports.push(new LocalSyslogTransport({ json, ...(path !== undefined && { socket: path }) }));
  } else if (syslog) transports.push(remoteSyslogTransport({ ...syslog, json }));
  if (http) transports.push(httpTransport(http, json, echo));
  return transports;
}

function httpTransport(http: HttpSettings, json: boolean, echo: OpenOptions['echo']): HttpTransport {
  const ca = trusted(http);
  const client = http.client && {
    cert: pem(http.client.cert, 'client_cert'),
    key: pem(http.client.key, 'client_key'),
  };
  // Now, and not at every alert.
  if (client) named('client_cert and client_key', () => createSecureContext(client));
  return new HttpTransport({
    url: http.url,
    userAgent: http.userAgent,
    headers: Object.fromEntries(http.headers),
    json,
    compress: http.compressUploads,
    keepAlive: http.keepAlive,
    insecure: http.insecure,
    ...(ca.length > 0 && { ca }),
    ...client,
    ...(http.echo && echo && { echo }),
  });
}

/** Certificates of the files and the folder; in that, what is none is passed over. */
function trusted({ caCert, caBundle, caPath }: HttpSettings): string[] {
  const found: string[] = [];
  for (const [setting, path] of [
    ['ca_cert', caCert],
    ['ca_bundle', caBundle],
  ] as const) {
    if (path === undefined) continue;
    const text = pem(path, setting);
    if (!certificate.test(text))
      throw new Error(`http_output.${setting} cannot be used: ${path} has no certificate`);
    found.push(text);
  }
  if (caPath === undefined) return found;
  const names = named('ca_path', () => readdirSync(caPath, { withFileTypes: true }));
  const files = names.filter((entry) => !entry.isDirectory());
  const texts = files.map(({ name }) => pem(join(caPath, name), 'ca_path'));
  return [...found, ...texts.filter((text) => certificate.test(text))];
}

function pem(path: string, setting: string): string {
  return named(setting, () => readFileSync(path, 'utf8'));
}

/** Says of which setting an error is. */
function named<T>(setting: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`http_output.${setting} cannot be used: ${(error as Error).message}`);
  }
}
