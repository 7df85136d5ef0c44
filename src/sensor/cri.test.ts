import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Containerd, cannotRunContainers } from './cri/containerd.fixture.ts';
import * as messages from './cri/messages.ts';
import { int32, int64, many, map, message, one, string } from './cri/protobuf.ts';
import { GrpcServer, type Handler } from './cri/server.fixture.ts';
import { type Containers, openContainers, probeContainers } from './cri.ts';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const short = (id: string) => id.slice(0, 12);

describe.skipIf(cannotRunContainers)(
  `containers of a real containerd (${cannotRunContainers ?? 'runs'})`,
  { timeout: 60_000 },
  () => {
    let containerd: Containerd;
    let containers: Containers | undefined;
    beforeAll(async () => {
      containerd = await Containerd.start();
    }, 60_000);
    afterEach(() => containers?.close());
    afterAll(async () => containerd?.remove());

    const open = () => {
      containers = openContainers({ socket: containerd.socket, pollMs: 200 });
      return containers;
    };

    test('those that were there are known at once, with all that rules ask for', async () => {
      const before = Date.now();
      const { id, podId, podUid } = await containerd.run(containerd.images.edge, ['/bin/sleep', '100'], {
        name: 'reader',
        pod: { name: 'sensor-7', namespace: 'field', labels: { app: 'sensor' } },
        privileged: true,
        hostPid: true,
        labels: { tier: 'edge', long: 'x'.repeat(101) },
        mounts: [
          { source: containerd.folder, destination: '/data', readonly: true },
          { source: '/etc', destination: '/host/etc' },
        ],
        env: { PASSWORD: 'hunter2' },
      });
      const { ready, lookup, status } = inspect(open());
      await ready;
      const record = lookup(short(id));
      expect(record).toMatchObject({
        id: short(id),
        fullId: id,
        name: 'reader',
        type: 'containerd',
        image: containerd.images.edge,
        imageDigest: containerd.digests.get(containerd.images.edge),
        privileged: true,
        mounts: [
          {
            source: containerd.folder,
            destination: '/data',
            mode: '',
            writable: false,
            propagation: 'private',
          },
          { source: '/etc', destination: '/host/etc', mode: '', writable: true, propagation: 'private' },
        ],
        podSandboxId: podId,
        podLabels: { app: 'sensor' },
        hostNetwork: true,
        hostPid: true,
        hostIpc: false,
        addresses: [],
      });
      expect({ ...record?.labels }).toEqual({
        tier: 'edge',
        'io.kubernetes.container.name': 'reader',
        'io.kubernetes.pod.name': 'sensor-7',
        'io.kubernetes.pod.namespace': 'field',
        'io.kubernetes.pod.uid': podUid,
        'io.kubernetes.sandbox.id': podId,
      });
      const started = Number((record?.startTime ?? 0n) / 1_000_000n);
      expect(started).toBeGreaterThanOrEqual(before);
      expect(started).toBeLessThanOrEqual(Date.now());
      // What a container is told as a secret is not kept.
      expect(
        JSON.stringify(record, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
      ).not.toContain('hunter2');
      expect(lookup(short(podId))).toMatchObject({
        fullId: podId,
        isPodSandbox: true,
        image: containerd.images.pause,
      });
      expect(status()).toMatchObject({
        state: 'connected',
        engine: expect.stringMatching(/^containerd \d/),
        problem: undefined,
      });
    });

    test('the probe names it', async () => {
      expect(await probeContainers({ socket: containerd.socket })).toMatchObject({
        state: 'available',
        details: [expect.stringMatching(/^containerd \d\S* at .*\.sock, \d+ containers and sandboxes$/)],
      });
      expect(await probeContainers({ socket: '/nowhere' })).toMatchObject({ state: 'unavailable' });
    });

    test('an image without a digest of a registry, and a container that is not privileged', async () => {
      const { id } = await containerd.run(containerd.images.busybox, ['/bin/sleep', '100']);
      const { ready, lookup } = inspect(open());
      await ready;
      const record = lookup(short(id));
      expect(record).toMatchObject({ image: 'docker.io/library/busybox:1.35', privileged: false });
      expect(record?.imageDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
    });

    test('a new one is there some milliseconds after it was first asked for, before it runs', async () => {
      const { ready, lookup, isAwaited } = inspect(open());
      await ready;
      const made = await containerd.create(containerd.images.busybox, ['/bin/sleep', '100']);
      const id = short(made.id);
      expect(lookup(id)).toBeUndefined();
      expect(isAwaited(id)).toBe(true);
      const begun = performance.now();
      while (isAwaited(id)) await sleep(1);
      // Milliseconds on a machine that is not busy.
      expect(performance.now() - begun).toBeLessThan(2000);
      expect(lookup(id)).toMatchObject({ fullId: made.id, image: containerd.images.busybox });
      expect(lookup(id)?.startTime).toBeUndefined();
      // It is looked at again once it runs.
      await containerd.startContainer(made.id);
      await expect.poll(() => lookup(id)?.startTime, { timeout: 3000 }).toBeGreaterThan(0n);
    });

    test('one that the engine does not know is awaited for a moment and then no more', async () => {
      const { ready, lookup, isAwaited, status } = inspect(open());
      await ready;
      expect(lookup('0123456789ab')).toBeUndefined();
      expect(isAwaited('0123456789ab')).toBe(true);
      await expect.poll(() => isAwaited('0123456789ab'), { timeout: 2000 }).toBe(false);
      lookup('0123456789ab');
      expect(isAwaited('0123456789ab')).toBe(false);
      // Names of other engines are not asked for.
      lookup('web-1');
      expect(isAwaited('web-1')).toBe(false);
      expect(status()).toMatchObject({ failed: 0, problem: undefined });
    });

    test('works in a worker thread', async () => {
      const { id } = await containerd.run(containerd.images.busybox, ['/bin/sleep', '100']);
      const code = `
        import { parentPort } from 'node:worker_threads';
        import { openContainers } from ${JSON.stringify(import.meta.resolve('./cri.ts'))};
        const containers = openContainers({ socket: ${JSON.stringify(containerd.socket)} });
        await containers.ready;
        parentPort.postMessage(containers.lookup('${short(id)}'));
        containers.close();`;
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
      const record = await new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
      expect(record).toMatchObject({ fullId: id, image: containerd.images.busybox });
      // It ends by itself: nothing that was opened holds it.
      await new Promise((resolve) => worker.once('exit', resolve));
    });

    test('when the engine comes back, it is asked again; what was known stays known', async () => {
      const one = await containerd.run(containerd.images.busybox, ['/bin/sleep', '100']);
      const { ready, lookup, isAwaited, status } = inspect(open());
      await ready;
      await containerd.stopDaemon();
      await expect.poll(() => status().state).toBe('away');
      expect(status().problem).toMatch(/has ended the connection|no container engine answers/);
      expect(lookup(short(one.id))).toBeDefined();
      lookup('0123456789ab');
      expect(isAwaited('0123456789ab')).toBe(false);
      await containerd.startDaemon();
      await expect.poll(() => status().state, { timeout: 20_000 }).toBe('connected');
      const two = await containerd.run(containerd.images.edge, ['/bin/sleep', '100']);
      await expect.poll(() => lookup(short(two.id))?.image).toBe(containerd.images.edge);
      expect(status()).toMatchObject({ connections: 2 });
    });
  },
);

describe('nobody to ask', () => {
  test('a socket that is not there is told with its path', async () => {
    const containers = openContainers({ socket: '/nowhere/containerd.sock' });
    onTestFinished(() => containers.close());
    await containers.ready;
    expect(containers.lookup('0123456789ab')).toBeUndefined();
    expect(containers.isAwaited('0123456789ab')).toBe(false);
    expect(containers.status).toMatchObject({
      state: 'away',
      problem: 'no container engine answers: /nowhere/containerd.sock: there is no such file',
    });
  });

  test('a socket at which nobody listens', async () => {
    const folder = temporary();
    writeFileSync(join(folder, 'file.sock'), '');
    const containers = openContainers({ socket: join(folder, 'file.sock') });
    onTestFinished(() => containers.close());
    await containers.ready;
    expect(containers.status.problem).toMatch(/file\.sock: .*ECONNREFUSED/);
  });

  test.skipIf(process.getuid?.() !== 0)('a socket that only root may use (needs root)', async () => {
    const folder = temporary();
    const server = new GrpcServer({});
    await server.listen(join(folder, 'engine.sock'));
    onTestFinished(() => server.close());
    const code = `
      const { openContainers } = await import(${JSON.stringify(import.meta.resolve('./cri.ts'))});
      process.setuid(65534);
      const containers = openContainers({ socket: ${JSON.stringify(join(folder, 'engine.sock'))} });
      await containers.ready;
      console.log(containers.status.problem);
      containers.close();`;
    const said = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
    expect(said.stdout).toContain('only root may ask the engine there: run picket as root');
  });
});

// What the engine sends and Picket only reads, so that a server can write it.
const response = {
  version: message({ name: string(2), version: string(3) }),
  containers: message({
    items: many(1, message({ id: string(1), podSandboxId: string(2), state: int32(6) })),
  }),
  status: message({
    status: one(1, message({ id: string(1), state: int32(3), startedAt: int64(5), labels: map(12) })),
    info: map(2),
  }),
  event: message({ id: string(1), type: int32(2) }),
};

describe('an engine that tells of events (GetContainerEvents), or does not answer as it should', () => {
  const [first, second] = ['a'.repeat(64), 'b'.repeat(64)];

  async function engine(handlers: Readonly<Record<string, Handler>>) {
    const path = join(temporary(), 'engine.sock');
    const server = new GrpcServer({
      Version: () => response.version.encode({ name: 'cri-o', version: '1.30.0' }),
      ListContainers: () => response.containers.encode({}),
      ListPodSandbox: () => new Uint8Array(),
      ContainerStatus: (request) => {
        const { containerId } = messages.containerStatusRequest.decode(request).value;
        return response.status.encode({ status: { id: containerId, state: 1, startedAt: 5n } });
      },
      PodSandboxStatus: () => ({ status: 5 }),
      ...handlers,
    });
    await server.listen(path);
    const containers = openContainers({ socket: path, pollMs: 50 });
    onTestFinished(async () => {
      containers.close();
      await server.close();
    });
    return { server, ...inspect(containers) };
  }

  test('a container is read when its event comes, without being asked for', async () => {
    const there = [first];
    let tell = (_: string, __: number) => {};
    const { ready, peek, status, server } = await engine({
      GetContainerEvents: (_, call) => {
        tell = (id, type) => call.send(response.event.encode({ id, type }));
        return undefined;
      },
      ListContainers: (request) => {
        const { filter } = messages.listContainersRequest.decode(request).value;
        const items = there.filter((id) => id.startsWith(filter?.id ?? ''));
        return response.containers.encode({ items: items.map((id) => ({ id, state: 1 })) });
      },
    });
    await ready;
    expect(status()).toMatchObject({ updates: 'events', engine: 'cri-o 1.30.0', containers: 1 });
    there.push(second);
    tell(second, messages.containerEvent.created);
    await expect.poll(() => status().containers).toBe(2);
    expect(peek(short(second))).toMatchObject({ fullId: second, type: 'cri-o', startTime: 5n });
    expect(server.mostOpen).toBe(1);
  });

  test('where events are refused, lists are asked for', async () => {
    const there: string[] = [];
    const { ready, status } = await engine({
      GetContainerEvents: () => ({ status: 2 }),
      ListContainers: () => response.containers.encode({ items: there.map((id) => ({ id, state: 1 })) }),
    });
    await ready;
    there.push(first);
    await expect.poll(() => status(), { timeout: 3000 }).toMatchObject({ updates: 'polling', containers: 1 });
  });

  test('questions run a few at a time, and what is too much is dropped and counted', async () => {
    let [running, most] = [0, 0];
    const { ready, lookup, isAwaited, status } = await engine({
      PodSandboxStatus: () => ({ status: 13 }),
      ListContainers: (request, call) => {
        if (messages.listContainersRequest.decode(request).value.filter === undefined)
          return new Uint8Array();
        most = Math.max(most, ++running);
        setTimeout(() => {
          running--;
          call.sendBytes(Uint8Array.of(0, 0, 0, 0, 0));
          call.finish();
        }, 2);
        return undefined;
      },
    });
    await ready;
    const ids = Array.from({ length: 2000 }, (_, index) => index.toString(16).padStart(12, '0'));
    for (const id of ids) lookup(id);
    expect(status().dropped).toBe(2000 - 1024 - 8);
    expect(ids.filter(isAwaited)).toHaveLength(1024 + 8);
    await expect.poll(() => ids.filter(isAwaited).length, { timeout: 15_000 }).toBe(0);
    expect(most).toBe(8);
  });

  test.each([
    [
      'nonsense',
      (): Uint8Array => Uint8Array.of(0x0a, 0x7f),
      /ListContainers: a field is cut off, at byte 2/,
    ],
    ['a refusal', () => ({ status: 13 }), /ListContainers: said so/],
  ])('%s in answer to a list is told, and does no harm', async (_, answer, problem) => {
    const { ready, lookup, isAwaited, status } = await engine({ ListContainers: answer });
    await ready;
    expect(status()).toMatchObject({ state: 'connected', problem: expect.stringMatching(problem) });
    lookup(short(first));
    await expect.poll(() => isAwaited(short(first))).toBe(false);
    expect(status().failed).toBeGreaterThan(0);
  });

  test('details that are no JSON leave out what they would have told', async () => {
    const { ready, peek } = await engine({
      ListContainers: () => response.containers.encode({ items: [{ id: first, state: 1 }] }),
      ContainerStatus: () =>
        response.status.encode({
          status: { id: first, state: 1, labels: { a: 'b' } },
          info: { info: '{"config":' },
        }),
    });
    await ready;
    const record = peek(short(first));
    expect(record?.fullId).toBe(first);
    expect(record?.privileged).toBeUndefined();
    expect({ ...record?.labels }).toEqual({ a: 'b' });
  });
});

/** The parts of it, bound; `peek` is `lookup`. */
function inspect(containers: Containers) {
  return {
    ready: containers.ready,
    lookup: (id: string) => containers.lookup(id),
    peek: (id: string) => containers.lookup(id),
    isAwaited: (id: string) => containers.isAwaited(id),
    status: () => containers.status,
  };
}

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'picket-test-cri-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
