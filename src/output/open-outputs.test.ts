import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fileText } from '../manifest/embedded.ts';
import { readSettings } from '../rules/settings/read-settings.ts';
import { alert } from './alert.fixture.ts';
import { type OpenOptions, openOutputs } from './open-outputs.ts';
import type { Output } from './output.ts';
import { systemTimers } from './timers.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-open-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Opens what a configuration asks for. */
function open(config: string, options: Partial<OpenOptions> = {}): Output[] {
  const { settings, diagnostics } = readSettings(fileText('falco.yaml', config), {
    variable: () => undefined,
    include: () => undefined,
  });
  expect(diagnostics).toEqual([]);
  return openOutputs(settings.outputs, {
    alerts: settings.alerts,
    hostname: 'edge-1',
    timers: systemTimers,
    randomId: () => '0011223344556677',
    backoff: { first: 10, longest: 50 },
    ...options,
  });
}

async function delivers(config: string, options?: Partial<OpenOptions>): Promise<string | undefined> {
  const [output] = open(config, options) as [Output];
  output.offer(alert(1));
  const tried = () => output.state().delivered + output.state().retries;
  await vi.waitFor(() => expect(tried()).toBeGreaterThan(0), 10_000);
  await output.close();
  return output.state().delivered === 1 ? undefined : output.state().lastError;
}

test('one of each kind that is enabled, each with a spool of its own', async () => {
  const config = `
stdout_output: {enabled: true}
file_output: {enabled: true, filename: /nowhere/alerts}
program_output: {enabled: true, program: "TOKEN=secret curl -d @- https://hooks.example/secret"}
syslog_output: {enabled: true}
http_output: {enabled: true, url: "https://user:secret@collector:8443/in?token=secret"}
`;
  const spools = join(folder, 'spools');
  const outputs = open(config, { folder: spools });
  expect(outputs.map((output) => [output.state().kind, output.state().target])).toEqual([
    ['stdout', 'stdout'],
    ['file', '/nowhere/alerts'],
    ['program', 'curl …'],
    ['syslog', '/dev/log'],
    ['http', 'https://collector:8443'],
  ]);
  await Promise.all(outputs.map((output) => output.close()));
  expect(readdirSync(spools).sort()).toEqual(['file', 'http', 'program', 'stdout', 'syslog']);
  expect(open('stdout_output: {enabled: false}')).toEqual([]);
});

test.each([
  ['{enabled: true, url: "unix:///run/other"}', '/run/other'],
  ['{enabled: true, url: "udp://[2001:db8::1]"}', 'udp://[2001:db8::1]:514'],
  ['{enabled: true, url: "tcp://logs.example:6514"}', 'tcp://logs.example:6514'],
])('syslog_output: %s', async (section, target) => {
  const [output] = open(`syslog_output: ${section}`) as [Output];
  expect(output.state().target).toBe(target);
  await output.close();
});

test('a file takes text or JSON, as json_output has it', async () => {
  const filename = join(folder, 'forms');
  for (const isJson of [false, true])
    await delivers(`json_output: ${isJson}\nfile_output: {enabled: true, filename: ${filename}}`);
  const [text, json] = readFileSync(filename, 'utf8').split('\n');
  expect(text).toBe(alert(1).text);
  expect(json).toBe(alert(1).json);
});

describeCertificates();

/** Against a real server that wants certificates. */
function describeCertificates(): void {
  const file = (name: string) => join(folder, name);
  let [url, seen]: [string, (string | undefined)[]] = ['', []];
  let close = () => {};

  beforeAll(async () => {
    for (const name of ['server', 'client'])
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
          ...['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)],
          ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'],
        ],
        { stdio: 'ignore' },
      );
    mkdirSync(file('trusted/deeper'), { recursive: true });
    writeFileSync(file('trusted/readme'), 'no certificate');
    writeFileSync(file('trusted/server.pem'), readFileSync(file('server.pem')));
    mkdirSync(file('trusts-nobody'));
    const tls: ServerOptions = {
      key: readFileSync(file('server.key')),
      cert: readFileSync(file('server.pem')),
      ca: readFileSync(file('client.pem')),
      requestCert: true,
      rejectUnauthorized: false,
    };
    const server = createServer(tls, (request, response) => {
      const socket = request.socket as TLSSocket;
      seen.push(socket.authorized ? String(socket.getPeerCertificate().subject.CN) : undefined);
      request.resume().on('end', () => response.end('taken'));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    close = () => void server.close();
  });
  afterAll(() => close());

  const http = (more: string) =>
    `http_output: {enabled: true, url: "${url}"${more.replaceAll('@', `${folder}/`)}}`;

  test.each([
    [', insecure: true', undefined],
    [', ca_cert: @server.pem', undefined],
    [', ca_bundle: @server.pem', undefined],
    [', ca_path: @trusted', undefined],
    [', ca_cert: @client.pem, ca_path: @trusted', undefined],
    ['', 'self-signed certificate'],
    [', ca_cert: @client.pem', 'self-signed certificate'],
    [', ca_path: @trusts-nobody', 'self-signed certificate'],
  ])('trust%s', async (more, error) => {
    expect(await delivers(http(more))).toBe(error);
  });

  test('what the machine trusts is trusted', async () => {
    // In a process of its own: what the machine trusts is read once.
    const script = `
import { HttpTransport } from '${join(import.meta.dirname, 'transports/http.ts')}';
const options = { url: process.argv[1], userAgent: 'x', headers: {}, json: true, compress: false, keepAlive: false, insecure: false };
await new HttpTransport(options).send({ id: '1', json: '{}' }, new AbortController().signal);
console.log('sent');`;
    const args = ['--input-type=module', '-e', script, url];
    const env = { ...process.env, SSL_CERT_FILE: file('server.pem') };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    expect(stdout).toBe('sent\n');
  });

  test('a client certificate with mtls, and not without', async () => {
    const client = ', insecure: true, client_cert: @client.pem, client_key: @client.key';
    seen = [];
    expect(await delivers(http(`${client}, mtls: true`))).toBeUndefined();
    expect(await delivers(http(client))).toBeUndefined();
    expect(seen).toEqual(['client', undefined]);
  });

  test.each([
    [', ca_cert: @none.pem', /^http_output.ca_cert cannot be used: ENOENT.*none.pem'$/],
    [', ca_bundle: @server.key', /^http_output.ca_bundle cannot be used: .*server.key has no certificate$/],
    [', ca_path: @none', /^http_output.ca_path cannot be used: ENOENT/],
    [
      ', mtls: true, client_cert: @client.pem, client_key: @none.key',
      /^http_output.client_key cannot be used: ENOENT/,
    ],
    [
      ', mtls: true, client_cert: @client.pem, client_key: @server.key',
      /^http_output.client_cert and client_key cannot be used: .*key values mismatch/,
    ],
  ])('what cannot be used is told at once: %s', (more, message) => {
    expect(() => open(http(more))).toThrow(message);
  });

  test('echo gives what the receiver answers, when it is asked for', async () => {
    const answers: string[] = [];
    const echo = (answer: string) => answers.push(answer);
    await delivers(http(', insecure: true, echo: true'), { echo });
    await delivers(http(', insecure: true'), { echo });
    expect(answers).toEqual(['taken']);
  });
}
