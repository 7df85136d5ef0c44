import { outputWithoutTarget, removedSetting } from './codes.ts';
import { isSet } from './node.ts';
import type { Report } from './report.ts';
import type { HttpSettings, OutputSettings, SyslogSettings } from './settings.ts';
import { type Section, textOf } from './values.ts';

/** Returns the outputs that are enabled; one without a target is told and left out. */
export function readOutputs(root: Section, report: Report): OutputSettings {
  const missing = (key: string, what: string) =>
    report.say(outputWithoutTarget, root.at(key)?.place, `\`${key}\` is enabled and has no ${what}`, {
      isKey: true,
      help: `write ${what} below it`,
    });
  const file = enabled(root, 'file_output');
  const filename = file?.text('filename');
  if (file !== undefined && filename === undefined) missing('file_output', '`filename`');
  const program = enabled(root, 'program_output');
  const command = program?.text('program');
  if (program !== undefined && command === undefined) missing('program_output', '`program`');
  const http = enabled(root, 'http_output');
  const url = http?.text('url');
  const isHttp = url !== undefined && /^https?:$/.test(URL.parse(url)?.protocol ?? '');
  if (http !== undefined && !isHttp) missing('http_output', '`url` of http or https');
  const syslog = enabled(root, 'syslog_output');
  const syslogTarget = syslog && readSyslog(syslog);
  if (syslog !== undefined && syslogTarget === undefined)
    missing('syslog_output', '`url` of unix, udp or tcp');
  const throttle = readThrottle(root, report);
  return {
    stdout: enabled(root, 'stdout_output') !== undefined,
    ...(file && filename !== undefined && { file: { filename, keepAlive: file.flag('keep_alive', false) } }),
    ...(program &&
      command !== undefined && {
        program: { program: command, keepAlive: program.flag('keep_alive', false) },
      }),
    ...(syslogTarget && { syslog: syslogTarget }),
    ...(http && url !== undefined && isHttp && { http: readHttp(http, url, report) }),
    ...(throttle && { throttle }),
  };
}

function enabled(root: Section, key: string): Section | undefined {
  const section = root.section(key);
  return section.flag('enabled', false) ? section : undefined;
}

function readHttp(http: Section, url: string, report: Report): HttpSettings {
  const [caCert, caBundle, caPath] = ['ca_cert', 'ca_bundle', 'ca_path'].map((key) => http.text(key));
  const [cert, key] = [http.text('client_cert'), http.text('client_key')];
  const isMutual = http.flag('mtls', false);
  if (isMutual && (cert === undefined || key === undefined)) {
    report.say(outputWithoutTarget, http.at('mtls')?.place, '`mtls` needs `client_cert` and `client_key`', {
      help: 'name the files of both',
    });
  }
  const headers = http.at('headers');
  const pairs = headers?.kind === 'map' ? [...headers.entries] : [];
  return {
    url,
    userAgent: http.text('user_agent') ?? 'picket',
    // What cannot stand in a header would make every request fail.
    headers: new Map(
      pairs.flatMap(([name, value]): [string, string][] => {
        const text = textOf(value);
        const isSound =
          /^[\w!#$%&'*+.^`|~-]+$/.test(name) && text !== undefined && /^[\t\x20-\x7e]*$/.test(text);
        if (isSound) return [[name, text]];
        report.say(outputWithoutTarget, value.place, `\`${value.place.name}\` cannot be a header of HTTP`);
        return [];
      }),
    ),
    insecure: http.flag('insecure', false),
    ...(caCert !== undefined && { caCert }),
    ...(caBundle !== undefined && { caBundle }),
    ...(caPath !== undefined && { caPath }),
    ...(isMutual && cert !== undefined && key !== undefined && { client: { cert, key } }),
    echo: http.flag('echo', false),
    compressUploads: http.flag('compress_uploads', false),
    keepAlive: http.flag('keep_alive', false),
  };
}

/** `url` is Picket's own: Falco knows the syslog of the machine alone. */
function readSyslog(syslog: Section): SyslogSettings | undefined {
  const text = syslog.text('url');
  if (text === undefined) return { protocol: 'unix' };
  const url = URL.parse(text);
  if (url?.protocol === 'unix:' && url.host === '') return { protocol: 'unix', path: url.pathname };
  const protocol = url?.protocol.slice(0, -1);
  if (url === null || url.hostname === '' || (protocol !== 'udp' && protocol !== 'tcp')) return undefined;
  const port = url.port === '' ? 514 : Number(url.port);
  return { protocol, host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

/** The limit that Falco had up to 0.36. */
function readThrottle(root: Section, report: Report) {
  const outputs = root.section('outputs');
  if (!isSet(outputs.node)) return undefined;
  report.say(
    removedSetting,
    outputs.node.place,
    '`outputs` went with Falco 0.37; Picket honours it and announces what it holds back',
    {
      isKey: true,
      help: 'keep it for Picket, delete it for Falco',
    },
  );
  const rate = outputs.number('rate', 0);
  return rate > 0 ? { rate, maxBurst: Math.max(1, outputs.number('max_burst', 1000)) } : undefined;
}
