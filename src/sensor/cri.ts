import { access, constants } from 'node:fs/promises';
import type { ContainerRecord } from '../event/state/container.ts';
import { ContainerCache } from './cri/cache.ts';
import { Engine } from './cri/engine.ts';
import { containerEvent } from './cri/messages.ts';
import { Questions } from './cri/questions.ts';
import type { Probe } from './sensor.ts';

/** Where engines listen, in the order in which they are tried: those of Falco's container plugin, and others of MicroK8s and k0s. */
export const engineSockets: readonly string[] = [
  '/run/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/run/k3s/containerd/containerd.sock',
  '/run/k0s/containerd.sock',
  '/var/snap/microk8s/common/run/containerd.sock',
  '/run/host-containerd/containerd.sock',
];

const mostContainers = 4096;
const graceMs = 60_000;
/** Between lists: where the engine does not tell of what happens, and as a check where it does. */
const pollMs = { polling: 5_000, events: 60_000 } as const;
/** Until all containers have been read at the start; what is missing then comes later. */
const mostReadyMs = 10_000;
const backoffMs = { first: 100, most: 30_000 } as const;

export interface ContainersOptions {
  /** Where the engine listens; without it, the usual places are tried. */
  readonly socket?: string | undefined;
  /** Of containers that are remembered. */
  readonly most?: number;
  readonly pollMs?: number;
}

/** How it stands with the engine. */
export interface ContainersStatus {
  readonly state: 'connecting' | 'connected' | 'away' | 'closed';
  readonly socket: string | undefined;
  /** E.g. `containerd 1.6.20`. */
  readonly engine: string | undefined;
  /** Whether the engine tells of what happens, or is asked for lists. */
  readonly updates: 'events' | 'polling' | undefined;
  /** What is wrong, as a sentence for the user. That there is no engine at the usual places is not wrong. */
  readonly problem: string | undefined;
  /** Containers and sandboxes that are remembered. */
  readonly containers: number;
  /** Pushed out because too many were remembered. */
  readonly evicted: number;
  /** Questions that were forgotten because too many waited, and such as were not answered. */
  readonly dropped: number;
  readonly failed: number;
  /** Connections that came about. */
  readonly connections: number;
}

/** What the container engine of this machine knows. */
export interface Containers {
  /** Fulfilled when the containers that there are have been read, or it is clear that nobody can be asked yet. Never rejected. */
  readonly ready: Promise<void>;
  /** What is known of a container, by the first 12 digits of its id. An unknown one is asked for, and there soon. */
  lookup(id: string): ContainerRecord | undefined;
  /** Whether the engine has been asked for a container and has not answered yet. */
  isAwaited(id: string): boolean;
  readonly status: ContainersStatus;
  /** Ends the connection. Idempotent. */
  close(): void;
}

/**
 * Asks the container engine of this machine by the Container Runtime Interface (containerd, CRI-O), over one connection, and keeps what
 * it tells. While the engine is away, what is known stays known; a new connection is tried after 0.1 s, then ever less often, at
 * least every 30 s.
 */
export function openContainers(options: ContainersOptions = {}): Containers {
  return new OpenContainers(options);
}

/** Says whether there is an engine to ask. That there is none is no lack. */
export async function probeContainers(options: ContainersOptions = {}): Promise<Probe> {
  const containers = openContainers(options);
  await containers.ready;
  const { engine, socket, containers: count, problem } = containers.status;
  containers.close();
  if (engine !== undefined)
    return { state: 'available', details: [`${engine} at ${socket}, ${count} containers and sandboxes`] };
  if (problem !== undefined) return { state: 'unavailable', details: [problem] };
  return { state: 'available', details: ['there is no container engine; rules do without images and pods'] };
}

class OpenContainers implements Containers {
  readonly ready: Promise<void>;
  readonly #options: ContainersOptions;
  readonly #cache: ContainerCache;
  readonly #questions = new Questions((id) => this.#ask(id));
  readonly #closing = new AbortController();
  #engine: Engine | undefined;
  #updates: 'events' | 'polling' | undefined;
  #problem: string | undefined;
  #connections = 0;
  #isReady = false;

  constructor(options: ContainersOptions) {
    this.#options = options;
    this.#cache = new ContainerCache(options.most ?? mostContainers, graceMs);
    this.ready = new Promise((resolve) => {
      void this.#run(() => {
        this.#isReady = true;
        resolve();
      });
    });
  }

  lookup(id: string): ContainerRecord | undefined {
    const record = this.#cache.get(id);
    // Other ids are of engines that do not speak the CRI.
    if (record === undefined && this.#engine !== undefined && /^[0-9a-f]{12}$/.test(id))
      this.#questions.want(id);
    return record;
  }

  isAwaited(id: string): boolean {
    return this.#engine !== undefined && this.#questions.isAwaited(id) && this.#cache.get(id) === undefined;
  }

  get status(): ContainersStatus {
    const engine = this.#engine;
    const state = this.#closing.signal.aborted
      ? 'closed'
      : engine !== undefined
        ? 'connected'
        : this.#isReady
          ? 'away'
          : 'connecting';
    return {
      state,
      socket: engine?.socket ?? this.#options.socket,
      engine: engine && `${engine.name} ${engine.version}`.trim(),
      updates: this.#updates,
      problem: this.#problem ?? this.#questions.lastFailure,
      containers: this.#cache.size,
      evicted: this.#cache.evicted,
      dropped: this.#questions.dropped,
      failed: this.#questions.failed,
      connections: this.#connections,
    };
  }

  close(): void {
    this.#closing.abort();
    this.#questions.clear();
    this.#engine?.close();
  }

  async #run(ready: () => void): Promise<void> {
    const { signal } = this.#closing;
    for (
      let delayMs: number = backoffMs.first;
      !signal.aborted;
      delayMs = Math.min(delayMs * 2, backoffMs.most)
    ) {
      const engine = await this.#connect();
      if (engine !== undefined && !signal.aborted) {
        delayMs = backoffMs.first;
        await this.#serve(engine, ready);
      }
      engine?.close();
      ready();
      await pause(delayMs, signal);
    }
  }

  /** Returns the first engine that answers. */
  async #connect(): Promise<Engine | undefined> {
    const { socket } = this.#options;
    const problems: string[] = [];
    for (const path of socket === undefined ? engineSockets : [socket]) {
      const why = await unreachable(path);
      if (why !== undefined) {
        if (socket !== undefined || why !== 'there is no such file') problems.push(`${path}: ${why}`);
        continue;
      }
      try {
        const engine = await Engine.connect(path);
        this.#problem = undefined;
        return engine;
      } catch (error) {
        problems.push(`${path}: ${(error as Error).message}`);
      }
    }
    this.#problem = problems.length > 0 ? `no container engine answers: ${problems.join('; ')}` : undefined;
    return undefined;
  }

  /** Until the connection is gone. */
  async #serve(engine: Engine, ready: () => void): Promise<void> {
    this.#engine = engine;
    this.#connections++;
    const gone = new AbortController();
    void engine.closed.then(() => gone.abort());
    // Before the list, so that nothing is missed between the two.
    const events = engine.events((id, type) => this.#happened(id, type));
    this.#updates = 'events';
    const silent = events.ended.then(nothing, nothing).then(() => {
      this.#updates = 'polling';
    });
    const isSilent = () => this.#updates === 'polling';
    while (!gone.signal.aborted) {
      await this.#compare(engine);
      if (!this.#isReady) await Promise.race([this.#questions.whenIdle(), pause(mostReadyMs, gone.signal)]);
      ready();
      if (isSilent()) await pause(this.#options.pollMs ?? pollMs.polling, gone.signal);
      else await Promise.race([silent, pause(pollMs.events, gone.signal)]);
    }
    events.close();
    this.#engine = undefined;
    this.#updates = undefined;
    this.#questions.clear();
    if (!this.#closing.signal.aborted)
      this.#problem = `${engine.name} at ${engine.socket} has ended the connection`;
  }

  async #compare(engine: Engine): Promise<void> {
    try {
      const listed = await engine.list();
      for (const id of this.#cache.compare(listed, performance.now())) this.#questions.refresh(id);
      this.#problem = undefined;
    } catch (error) {
      this.#problem = (error as Error).message;
    }
  }

  #happened(id: string, type: number): void {
    if (type === containerEvent.deleted) this.#cache.goes(id, performance.now());
    else if (type === containerEvent.created || type === containerEvent.started) this.#questions.refresh(id);
  }

  async #ask(id: string): Promise<boolean> {
    const found = await this.#engine?.find(id);
    if (found === undefined) return false;
    this.#cache.set(found.record, found.state);
    return true;
  }
}

function nothing(): void {}

/** Says why nobody can be asked at a socket; undefined when it is worth a try. */
async function unreachable(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
    return code === 'EACCES' ? 'only root may ask the engine there: run picket as root' : message;
  }
}

/** Until the time is over or the signal comes. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
