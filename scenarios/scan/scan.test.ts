import { expect, test } from 'vitest';
import { cannotWatch, Guard, has, sleep, TwoHosts, until } from '../harness.ts';

const skip = cannotWatch ?? (has('nmap') && has('curl') ? undefined : 'needs nmap and curl');
const because = skip ? `: ${skip}` : '';

/** Three real servers on the right host. */
async function startServers(hosts: TwoHosts): Promise<Disposable> {
  const script = `for (const port of [80, 443, 8080]) require('node:http').createServer((_, answer) => answer.end('ok')).listen(port);
    process.stdin.resume().on('end', () => process.exit()); console.log('ready')`;
  const child = hosts.spawn('right', process.execPath, '-e', script);
  await new Promise((ready) => child.stdout?.once('data', ready));
  return { [Symbol.dispose]: () => void child.kill('SIGTERM') };
}

test.skipIf(skip)(
  `200 requests to 3 open ports raise nothing; nmap -sT and -sS raise one alert each${because}`,
  { timeout: 120_000 },
  async () => {
    using hosts = new TwoHosts();
    using _servers = await startServers(hosts);
    await using guard = await Guard.start(['--no-store']);
    const scans = () =>
      guard.printed('alert').filter(({ detector, isNew }) => detector === 'port-scan' && isNew === true);

    for (let round = 0; round < 200; round++) {
      hosts.run(
        'left',
        'curl',
        '-s',
        '-o',
        '/dev/null',
        `http://${hosts.right}:${[80, 443, 8080][round % 3]}/`,
      );
    }
    await sleep(2_500);
    expect(guard.printed('alert')).toEqual([]);

    for (const [kind, from, to] of [
      ['-sT', 'left', hosts.right],
      ['-sS', 'right', hosts.left],
    ] as const) {
      const before = scans().length;
      const begun = performance.now();
      expect(hosts.run(from, 'nmap', kind, '-n', '-Pn', '-p', '1-1000', to).code).toBe(0);
      await until(`the alert of ${kind}`, () => (scans().length > before ? true : undefined));
      await sleep(2_500);
      const raised = scans().slice(before);
      expect(raised, kind).toHaveLength(1);
      const [alert] = raised;
      console.info(`nmap ${kind}: alerted after ${Math.round(alert!.at - begun)} ms; ${alert!.title}`);
      expect(alert!.entity, kind).toContain(from === 'left' ? hosts.left : hosts.right);
      const { rows } = await guard.get<{
        rows: { alert: { entity: string; count: number; evidence: { name: string; value: string }[] } }[];
      }>('/api/v1/alerts?limit=10');
      const kept = JSON.stringify(rows.find((row) => JSON.stringify(row).includes(String(alert!.entity))));
      expect(kept, kind).toContain(to);
      expect(kept, kind).toMatch(/ports/);
    }
  },
);
