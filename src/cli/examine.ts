import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HealthItem } from '../agent/status.ts';
import { sensors } from '../sensor/registry.ts';
import type { Io } from './io.ts';
import { parseListen } from './listen.ts';
import { storePath } from './state.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Root alone may ask trace events either. */
const withoutBpf =
  process.getuid?.() !== 0
    ? 'sudo picket doctor'
    : 'picket run --rules and --record do with the less that trace events tell; picket rules list says what each rule loses';
const roomForStore = 512 * 1024 * 1024;

/** Probes what Picket rests on, without changing anything. Returns one item for each thing, in a fixed order. */
export async function examine(
  options: Readonly<Record<string, unknown>>,
  io: Io,
): Promise<readonly HealthItem[]> {
  return [
    runtime(),
    user(),
    ...(await Promise.all(sensors.map(sensor))),
    await systemCalls(),
    await containers(),
    store(storePath(options.state, io)),
    await listener('page', String(options.listen), '--listen'),
    await listener('metrics', String(options.metricsListen), '--metrics-listen'),
    page(),
    demo(io),
  ];
}

function runtime(): HealthItem {
  const wanted = Number(
    /\d+/.exec(readFileSync(`${root}/package.json`, 'utf8').match(/"node": "(.+?)"/)?.[1] ?? '')?.[0],
  );
  const major = Number(process.versions.node.split('.')[0]);
  const text = `Node.js ${process.versions.node} on ${process.arch}`;
  if (major >= wanted) return { id: 'runtime', state: 'ok', text };
  return { id: 'runtime', state: 'failing', text, help: `start ${root}/picket, which brings the right one` };
}

function user(): HealthItem {
  if (process.getuid?.() === 0) return { id: 'user', state: 'ok', text: 'root' };
  return {
    id: 'user',
    state: 'warning',
    text: 'not root: check, reach, rules, replay and the page work; live connections, rules on system calls and --record need root',
    help: 'sudo picket run',
  };
}

/** Whether the container engine, where there is one, tells rules of images and pods. */
async function containers(): Promise<HealthItem> {
  const { probeContainers } = await import('../sensor/cri.ts');
  const { state, details } = await probeContainers();
  return { id: 'containers', state: state === 'available' ? 'ok' : 'warning', text: details.join('; ') };
}

/** Whether programs in the kernel can tell of system calls. Trace events stand in for them: a lack is a warning. */
async function systemCalls(): Promise<HealthItem> {
  const id = 'sensor bpf';
  try {
    const { probeBpf } = await import('../sensor/bpf.ts');
    const { state, details } = probeBpf();
    const text = details.join('; ');
    return state === 'available'
      ? { id, state: 'ok', text }
      : { id, state: 'warning', text, help: withoutBpf };
  } catch (error) {
    return { id, state: 'warning', text: (error as Error).message, help: withoutBpf };
  }
}

async function sensor(definition: (typeof sensors)[number]): Promise<HealthItem> {
  const { state, details } = await definition.probe();
  const [first = '', ...rest] = details;
  return {
    id: `sensor ${definition.id}`,
    state: state === 'available' ? 'ok' : state === 'limited' ? 'warning' : 'failing',
    text: first,
    ...(rest.length > 0 ? { help: rest.join('; ') } : {}),
  };
}

function store(path: string): HealthItem {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    return {
      id: 'store',
      state: 'failing',
      text: `${path}: ${folder} cannot be written`,
      help: 'name another folder with --state',
    };
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const text = `${path}, ${Math.floor(free / 1024 / 1024)} MiB free`;
  if (free < roomForStore)
    return { id: 'store', state: 'warning', text, help: 'the store may grow to 256 MiB' };
  return { id: 'store', state: 'ok', text };
}

async function listener(id: string, address: string, option: string): Promise<HealthItem> {
  const { host, port } = parseListen(address, option);
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
  if (!error) return { id, state: 'ok', text: `${address} is free` };
  return {
    id,
    state: 'warning',
    text:
      error.code === 'EADDRINUSE'
        ? `${address} is taken, perhaps by a running picket`
        : `${address}: ${error.message}`,
    help: `choose another with ${option}`,
  };
}

function page(): HealthItem {
  if (existsSync(`${root}/console/dist/index.html`))
    return { id: 'console', state: 'ok', text: 'the page is built' };
  return {
    id: 'console',
    state: 'warning',
    text: 'the page is not built',
    help: `start ${root}/picket once: it builds the page`,
  };
}

function demo(io: Io): HealthItem {
  const path = (io.env.PATH ?? '').split(':').concat('/usr/sbin', '/sbin');
  const missing = ['ip', 'nsenter'].filter((tool) => !path.some((folder) => existsSync(`${folder}/${tool}`)));
  if (missing.length === 0) return { id: 'demo', state: 'ok', text: 'ip and nsenter are there' };
  return {
    id: 'demo',
    state: 'warning',
    text: `the demo needs ${missing.join(' and ')}`,
    help: 'apt-get install iproute2 util-linux',
  };
}
