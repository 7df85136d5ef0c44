import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AlertOptions } from '../rules/format/alert.ts';
import type { HttpSettings, OutputSettings } from '../rules/settings/settings.ts';
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
}

const defaultBytes = 64 * 2 ** 20;
const memoryBytes = 4 * 2 ** 20;

/** Returns an output for each that is enabled. Throws when a certificate or key cannot be read. */
export function openOutputs(settings: OutputSettings, options: OpenOptions): Output[] {
  return transportsOf(settings, options).map((transport) => {
    const { folder, maxBytes = defaultBytes, randomId, timers, hostname, alerts } = options;
    const spool =
      folder === undefined
        ? new MemorySpool(randomId(), Math.min(maxBytes, memoryBytes))
        : new DiskSpool({
            folder: join(folder, transport.kind),
            maxBytes,
            sync: 'interval',
            newId: randomId(),
          });
    return new Output({ transport, spool, timers, hostname, alerts });
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
  return new HttpTransport({
    url: http.url,
    userAgent: http.userAgent,
    headers: Object.fromEntries(http.headers),
    json,
    compress: http.compressUploads,
    keepAlive: http.keepAlive,
    insecure: http.insecure,
    ...(ca.length > 0 && { ca }),
    ...(http.client && {
      cert: readFileSync(http.client.cert, 'utf8'),
      key: readFileSync(http.client.key, 'utf8'),
    }),
    ...(http.echo && echo && { echo }),
  });
}

/** Certificates of the files and the folder. */
function trusted({ caCert, caBundle, caPath }: HttpSettings): string[] {
  const files = [caCert, caBundle].filter((path) => path !== undefined);
  if (caPath !== undefined) {
    const names = readdirSync(caPath, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    files.push(...names.map(({ name }) => join(caPath, name)));
  }
  return files.map((path) => readFileSync(path, 'utf8'));
}
