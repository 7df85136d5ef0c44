import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probeBpf } from '../../src/sensor/bpf.ts';
import { freePort, Guard, sleep, temporaryFolder, until } from '../harness.ts';

const probe = probeBpf();
const skip = probe.state === 'available' ? undefined : probe.details[0];
/** Seconds that the receiver is away. */
const downSeconds = Number(process.env.PICKET_DOWN ?? 4);

const rules = (bait: string) => `
- rule: Bait taken
  desc: somebody asks for the bait
  condition: evt.type in (open, openat) and fd.name startswith ${bait}/number-
  output: "%proc.name took %fd.name"
  priority: WARNING
  tags: [T1005, mitre_collection]
- rule: Never mind
  desc: switched off by the configuration
  condition: evt.type in (open, openat) and fd.name startswith ${bait}
  output: "%fd.name"
  priority: WARNING
`;

const config = (url: string, folder: string) => `
rules_files: [rules.yaml]
rules:
  - disable: { rule: "Never *" }
json_output: true
stdout_output: false
file_output: { enabled: true, keep_alive: true, filename: ${folder}/alerts.log }
http_output: { enabled: true, url: ${url} }
append_output:
  - match: { rule: Bait taken }
    extra_output: "at %static.site"
static_fields: { site: edge-7 }
`;

interface Arrival {
  readonly id: string;
  readonly rule: string;
  readonly output: string;
  readonly output_fields: Readonly<Record<string, unknown>>;
}

test.skipIf(skip)(
  `picket run by a falco.yaml: receiver away for ${downSeconds} s, picket killed meanwhile, and every alert arrives, once and in order${skip ? `: ${skip}` : ''}`,
  { timeout: downSeconds * 1000 + 120_000 },
  async () => {
    using temporary = temporaryFolder();
    const folder = temporary.path;
    const bait = join(folder, 'bait');
    mkdirSync(bait);
    const port = await freePort();
    writeFileSync(join(folder, 'rules.yaml'), rules(bait));
    writeFileSync(join(folder, 'falco.yaml'), config(`http://127.0.0.1:${port}/`, folder));
    const arrivals: Arrival[] = [];
    const args = ['--falco-config', join(folder, 'falco.yaml'), '--state', join(folder, 'state')];

    let next = 1;
    const take = (count: number) => {
      execFileSync('perl', ['-e', `sysopen(F, "${bait}/number-$_", 0) for ${next}..${next + count - 1}`]);
      next += count;
    };
    const alertsOf = async (guard: Guard) =>
      Number(/^picket_rule_alerts_total\{.*\} (\d+)$/m.exec(await guard.metrics())?.[1] ?? 0);

    const first = await Guard.start(args);
    await until('rules are asked', () => (first.said.includes('rules    1 on') ? true : undefined));
    take(100);
    await until('alerts are raised', async () => ((await alertsOf(first)) === 100 ? true : undefined));
    await sleep((downSeconds * 1000) / 2);
    const down = await first.metrics();
    expect(down).toMatch(/picket_output_waiting\{output="http"\} 100/);
    expect(down).toMatch(/picket_output_down_seconds\{output="http"\} [1-9]/);
    expect(down).toMatch(/picket_output_delivered_total\{output="file"\} 100/);
    // A receiver that is away for less than a minute is nothing to be told of.
    const health = (await (await fetch(`${first.url}/healthz`)).json()) as { reasons: { id: string }[] };
    expect(health.reasons.map(({ id }) => id)).toEqual(downSeconds > 150 ? ['outputs'] : []);
    first.child.kill('SIGKILL');
    await first.ended;

    const second = await Guard.start(args);
    await until('rules are asked', () => (second.said.includes('rules    1 on') ? true : undefined));
    take(100);
    await until('alerts are raised', async () => ((await alertsOf(second)) === 100 ? true : undefined));
    await sleep((downSeconds * 1000) / 2);
    const server = await receiver(port, arrivals);
    await until(
      'all have arrived',
      () => (new Set(arrivals.map(({ id }) => id)).size === 200 ? true : undefined),
      30_000,
    );
    const alerts = (await (await fetch(`${second.url}/api/v1/alerts`)).json()) as {
      rows: { title: string; count: number; techniques: { id: string }[] }[];
    };
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    server.closeAllConnections();
    server.close();

    const seen = new Set<string>();
    const once = arrivals.filter(({ id }) => !seen.has(id) && seen.add(id));
    expect(arrivals.length - once.length).toBeLessThanOrEqual(1);
    expect(once.map(({ output }) => Number(/number-(\d+)/.exec(output)?.[1]))).toEqual(
      Array.from({ length: 200 }, (_, index) => index + 1),
    );
    expect(once.every(({ rule, output }) => rule === 'Bait taken' && output.endsWith(' at edge-7'))).toBe(
      true,
    );
    // On the page it is few alerts with many repeats: one for each thing that was taken is what rules call the same.
    expect(alerts.rows[0]).toMatchObject({ title: 'Bait taken', techniques: [{ id: 'T1005' }] });
    expect(second.said).toMatch(/rules on syscall: \d+ events seen, 0 lost/);
  },
);

function receiver(port: number, arrivals: Arrival[]): Promise<Server> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      arrivals.push(JSON.parse(body) as Arrival);
      response.end();
    });
  });
  return new Promise((ready) => server.listen(port, '127.0.0.1', () => ready(server)));
}
