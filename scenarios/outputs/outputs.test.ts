import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { numberIn } from '../../src/output/output.conformance.ts';
import { freePort, root, sleep, temporaryFolder, until } from '../harness.ts';

/** Seconds that the receiver is away; 600 for a night's outage in small. */
const downSeconds = Number(process.env.PICKET_DOWN ?? 4);
/** One alert in so many ms. */
const pause = downSeconds > 60 ? 50 : 5;

/** What came, in its order. */
interface Arrival {
  readonly n: number;
  readonly key: string;
}

/** Starts the sender and follows what it says that it raises. */
function sender(folder: string, url: string, first: number, count: number) {
  const script = join(root, 'scenarios/outputs/sender.ts');
  const child: ChildProcess = spawn(
    process.execPath,
    [script, folder, url, String(first), String(count), String(pause)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<number | string>((done) =>
    child.on('close', (code, signal) => done(code ?? signal ?? '')),
  );
  const raised = () => Number(/(\d+)\n[^\d]*$/.exec(said.replace(/done .*\n/, ''))?.[1] ?? first - 1);
  return { child, ended, raised, said: () => said };
}

test(`receiver away for ${downSeconds} s, sender killed before, meanwhile and after: every alert arrives, once by its key and in order`, {
  timeout: downSeconds * 1000 + 120_000,
}, async () => {
  using folder = temporaryFolder();
  const arrivals: Arrival[] = [];
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const receive = (): Promise<Server> => {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        const { id } = JSON.parse(body) as { id: string };
        expect(request.headers['idempotency-key']).toBe(`"${id}"`);
        arrivals.push({ n: numberIn(body), key: id });
        response.end();
      });
    });
    return new Promise((ready) => server.listen(port, '127.0.0.1', () => ready(server)));
  };
  let server = await receive();

  let next = 1;
  /** Alerts that were being raised at a kill: they may never have got into the spool. */
  const cutOff = new Set<number>();
  let kills = 0;
  const killed = async (ms: number) => {
    const run = sender(folder.path, url, next, 1e6);
    await until('alerts are raised', () => (run.raised() >= next ? true : undefined));
    await sleep(ms);
    run.child.kill('SIGKILL');
    kills++;
    expect(await run.ended).toBe('SIGKILL');
    cutOff.add(run.raised());
    next = run.raised() + 1;
  };
  // Once while all is well, in the middle of sending.
  await killed(100 * pause);
  await until('alerts arrive', () => (arrivals.length > 10 ? true : undefined));
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  const before = arrivals.length;
  await killed((downSeconds * 1000) / 2);
  await killed((downSeconds * 1000) / 2);
  expect(arrivals.length).toBe(before);
  server = await receive();
  // Killed once more while it works off what waited.
  await killed(300);
  expect(arrivals.length).toBeGreaterThan(before);
  const last = sender(folder.path, url, next, 20);
  expect(await last.ended).toBe(0);
  expect(last.said()).toMatch(/"waiting":0,"waitingBytes":0,"dropped":0/);
  next += 20;
  server.close();

  // A kill between the receiver's answer and the cursor repeats one alert, under the same key.
  const keys = new Set<string>();
  const once = arrivals.filter(({ key }) => !keys.has(key) && keys.add(key));
  expect(arrivals.length - once.length).toBeLessThanOrEqual(kills);
  // By the keys alone: each number once, in order, and no word of a loss, which has no number.
  const numbers = once.map(({ n }) => n);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  expect(numbers).not.toContain(Number.NaN);
  const arrived = new Set(numbers);
  const missing = Array.from({ length: next - 1 }, (_, index) => index + 1).filter((n) => !arrived.has(n));
  expect(missing.filter((n) => !cutOff.has(n))).toEqual([]);
  console.log(
    `away ${downSeconds} s, ${kills} kills: ${next - 1} raised, ${once.length} arrived, ${missing.length} cut off at a kill, ${arrivals.length - once.length} repeated`,
  );
});
