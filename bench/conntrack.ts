/**
 * Events of connection tracking: node bench/conntrack.ts [--quick]. What an event costs until it is part of a flow, beside `conntrack -E`
 * as a child whose text is parsed. Both in turn, in a network namespace of their own, with the same conversations (UDP over loopback, in
 * bursts, each made and removed). Needs root, nft and conntrack; leaves nothing behind.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Seen } from './conntrack-reader.ts';
import { median, quick } from './measure.ts';

const burst = 2500;
const bursts = quick ? 8 : 20;
const rounds = quick ? 2 : 3;
const namespace = `picket-bench-${process.pid}`;
const reader = fileURLToPath(new URL('./conntrack-reader.ts', import.meta.url));
const inside = (...words: string[]): [string, string[]] => ['ip', ['netns', 'exec', namespace, ...words]];
const run = (...words: string[]) =>
  execFileSync(...inside(...words), { stdio: ['ignore', 'ignore', 'pipe'] });

interface Outcome {
  readonly events: number;
  readonly bytes: number;
  readonly lost: number;
  /** Until all was read, from the first conversation on. */
  readonly seconds: number;
  /** Processor time per event, µs. */
  readonly cost: number;
}

/** Has one reader follow all bursts. */
async function measure(kind: 'messages' | 'text'): Promise<Outcome> {
  const child = spawn(...inside(process.execPath, reader, kind), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (): Promise<Seen> => {
    child.stdin.write('count\n');
    const { value, done } = await lines.next();
    if (done) throw new Error(`the reader of ${kind} has ended`);
    return JSON.parse(value) as Seen;
  };
  try {
    await ask();
    await sleep(1000);
    const before = await ask();
    const begun = performance.now();
    for (let n = 0; n < bursts; n++) {
      run(
        'perl',
        '-MSocket',
        '-e',
        `socket(S, PF_INET, SOCK_DGRAM, 0) or die; send(S, 'x' x 100, 0, sockaddr_in(10000 + $_, inet_aton('127.0.0.1'))) for 1..${burst}`,
      );
      run('conntrack', '-D', '-p', 'udp');
    }
    let last = await ask();
    for (let seconds = 0; ; seconds = (performance.now() - begun) / 1000) {
      await sleep(200);
      const now = await ask();
      if (now.events !== last.events) {
        last = now;
        continue;
      }
      const events = now.events - before.events;
      return {
        events,
        bytes: now.bytes - before.bytes,
        lost: now.lost,
        seconds,
        cost: (last.cpu - before.cpu) / events,
      };
    }
  } finally {
    child.stdin.write('stop\n');
    await once(child, 'exit');
  }
}

execFileSync('ip', ['netns', 'add', namespace]);
try {
  execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  run('sysctl', '-qw', 'net.netfilter.nf_conntrack_acct=1', 'net.netfilter.nf_conntrack_timestamp=1');
  execFileSync(...inside('nft', '-f', '-'), {
    input: 'table inet t { chain out { type filter hook output priority 0; ct state invalid drop; }; }',
  });
  const outcomes = { messages: [] as Outcome[], text: [] as Outcome[] };
  for (let round = 0; round < rounds; round++)
    for (const kind of ['messages', 'text'] as const) outcomes[kind].push(await measure(kind));
  const made = burst * bursts;
  console.log(`${made} conversations, made and removed in bursts of ${burst}; ${rounds} rounds in turn`);
  const cost = (of: readonly Outcome[]) => median(of.map((one) => one.cost));
  for (const [kind, title] of [
    ['messages', 'messages into flows'],
    ['text', 'conntrack -E, text parsed'],
  ] as const) {
    const all = outcomes[kind];
    const costs = all.map((one) => one.cost.toFixed(2));
    const lost = all.map((one) => (one.lost < 0 ? 'some' : one.lost)).join(' ');
    console.log(
      `  ${title.padEnd(26)} ${all.map(({ events }) => events).join(' ')} events, lost ${lost}; ${cost(all).toFixed(2)} µs CPU per event (${costs.join(' ')}), ${Math.round(1e6 / cost(all))} events per second of CPU`,
    );
  }
  const [ours, theirs] = [outcomes.messages, outcomes.text];
  for (const [round, one] of ours.entries()) {
    const other = theirs[round]!;
    if (one.lost === 0 && other.lost === 0 && (one.events !== other.events || one.bytes !== other.bytes))
      throw new Error(`round ${round}: ${JSON.stringify(one)} is not ${JSON.stringify(other)}`);
  }
  console.log(`  text costs ×${(cost(theirs) / cost(ours)).toFixed(2)}`);
} finally {
  spawnSync('ip', ['netns', 'del', namespace]);
}
