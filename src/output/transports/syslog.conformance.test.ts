import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { priorities } from '../../rules/rule-set.ts';
import { alert } from '../alert.fixture.ts';
import type { Transport } from '../transport.ts';
import { LocalSyslogTransport } from './syslog-local.ts';
import { remoteSyslogTransport } from './syslog-remote.ts';

const hasRsyslog = existsSync('/usr/sbin/rsyslogd');
const never = new AbortController().signal;

/** Rsyslog says of each message what it understood. */
describe.skipIf(!hasRsyslog)('as rsyslog reads it (needs the Debian package rsyslog)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'picket-rsyslog-'));
  const [socket, lines] = [join(folder, 'log'), join(folder, 'lines')];
  let [daemon, port]: [ChildProcess | undefined, number] = [undefined, 0];

  beforeAll(async () => {
    port = await new Promise<number>((done) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        server.close(() => done(port));
      });
    });
    const property = (name: string) => `property(outname="${name}" name="${name}" format="jsonf")`;
    const properties = [
      'syslogfacility-text',
      'syslogseverity',
      'hostname',
      'app-name',
      'procid',
      'msgid',
      'msg',
    ];
    writeFileSync(
      join(folder, 'rsyslog.conf'),
      `global(maxMessageSize="64k" workDirectory="${folder}" parser.escapeControlCharactersOnReceive="off")
module(load="imudp")
module(load="imtcp")
module(load="imuxsock" SysSock.Use="off")
input(type="imudp" address="127.0.0.1" port="${port}")
input(type="imtcp" address="127.0.0.1" port="${port}")
input(type="imuxsock" Socket="${socket}")
template(name="fields" type="list" option.jsonf="on") {
  ${properties.map(property).join('\n  ')}
  property(outname="time" name="timestamp" dateFormat="rfc3339" format="jsonf")
}
action(type="omfile" file="${lines}" template="fields")
`,
    );
    execFileSync('/usr/sbin/rsyslogd', ['-N1', '-f', join(folder, 'rsyslog.conf')], { stdio: 'pipe' });
    daemon = spawn(
      '/usr/sbin/rsyslogd',
      ['-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'pid')],
      { stdio: 'inherit' },
    );
    await vi.waitFor(() => expect(existsSync(socket)).toBe(true), 10_000);
  });

  afterAll(async () => {
    const ended = new Promise((done) => daemon?.once('close', done) ?? done(undefined));
    daemon?.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  const read = (): Record<string, string>[] =>
    existsSync(lines)
      ? readFileSync(lines, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line))
      : [];

  test.each([
    ['udp', true, 0],
    ['tcp', true, 1_000],
    ['unix', false, 2_000],
  ] as const)('over %s: priority, host, time and the whole text', async (protocol, hasHead, first) => {
    const transport: Transport =
      protocol === 'unix'
        ? new LocalSyslogTransport({ socket, json: true })
        : remoteSyslogTransport({ protocol, host: '127.0.0.1', port, json: true });
    const records = priorities.map((priority, index) => ({
      ...alert(first + index, { padding: index === 0 ? 20_000 : 0 }),
      priority,
    }));
    for (const record of records) await transport.send(record, never);
    await transport.close();
    const texts = new Set(records.map(({ json }) => json));
    const ours = () => read().filter(({ msg }) => texts.has((msg ?? '').trim()));
    await vi.waitFor(() => expect(ours()).toHaveLength(8), 10_000);
    expect(ours().map((one) => ({ ...one, msg: (one.msg ?? '').trim() }))).toMatchObject(
      records.map(({ json, time }, severity) => ({
        'syslogfacility-text': 'user',
        syslogseverity: String(severity),
        'app-name': 'picket',
        msg: json,
        ...(hasHead && {
          hostname: 'edge-1',
          procid: String(process.pid),
          msgid: 'alert',
          time: time.replace(/\d{3}Z$/, 'Z'),
        }),
      })),
    );
  });
});
