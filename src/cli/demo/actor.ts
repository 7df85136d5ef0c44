/**
 * One machine of the demo, as a process of its own inside a network namespace. Its only argument is a {@link Role} in
 * JSON. It ends when its standard input does, so that it cannot outlive the demo however that ends.
 */
import { createConnection, createServer } from 'node:net';

/** What a machine does. */
export interface Role {
  /** What the process is called in ps, and in what Picket shows. */
  readonly name: string;
  /** Ports it serves: each request is answered after asking `upstream`, if there is one. */
  readonly serve?: readonly number[];
  readonly upstream?: readonly [host: string, port: number];
  /** Connects here again and again. */
  readonly visit?: { readonly to: readonly [host: string, port: number]; readonly everyMs: number };
  /** Tries each of these ports once, as a scanner does. */
  readonly scan?: { readonly host: string; readonly from: number; readonly to: number };
}

const timeoutMs = 2_000;

/** Connects, says a word, waits for the answer. Resolves in any case: failures are what the demo is about. */
function ask(host: string, port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on('connect', () => socket.end('hello\n'));
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.resume();
  });
}

function serve(port: number, upstream: Role['upstream']): void {
  createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', async () => {
      if (upstream) await ask(...upstream);
      socket.end('welcome\n');
    });
    socket.on('end', () => socket.end());
  }).listen(port);
}

async function scan({ host, from, to }: NonNullable<Role['scan']>): Promise<void> {
  const atOnce = 16;
  for (let first = from; first <= to; first += atOnce) {
    const ports = Array.from({ length: Math.min(atOnce, to - first + 1) }, (_, index) => first + index);
    await Promise.all(ports.map((port) => ask(host, port)));
  }
}

const role = JSON.parse(process.argv[2] ?? '{}') as Role;
process.title = role.name;
process.stdin.on('end', () => process.exit(0)).resume();
for (const port of role.serve ?? []) serve(port, role.upstream);
const { visit } = role;
if (visit) {
  await ask(...visit.to);
  if (visit.everyMs > 0) setInterval(() => void ask(...visit.to), visit.everyMs);
}
if (role.scan) await scan(role.scan);
// A one-off (scan, single visit) is over here; servers and repeated visits go on.
if (!role.serve && !(visit && visit.everyMs > 0)) process.exit(0);
