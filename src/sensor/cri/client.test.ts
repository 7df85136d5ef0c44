import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GrpcClient, type GrpcError, grpcStatus } from './client.ts';
import { Containerd, cannotRunContainers } from './containerd.fixture.ts';
import * as messages from './messages.ts';

const { service } = messages;

describe.skipIf(cannotRunContainers)(
  `calls of a real containerd (${cannotRunContainers ?? 'runs'})`,
  { timeout: 60_000 },
  () => {
    let containerd: Containerd;
    let client: GrpcClient;
    beforeAll(async () => {
      containerd = await Containerd.start();
      client = new GrpcClient(containerd.socket);
    }, 60_000);
    afterAll(async () => {
      client?.close();
      await containerd?.remove();
    });

    test('says who it is', async () => {
      const request = messages.versionRequest.encode({});
      const { value, fault } = messages.versionResponse.decode(
        await client.call(service, 'Version', request, 5000),
      );
      expect(fault).toBeUndefined();
      expect(value).toMatchObject({ runtimeName: 'containerd', runtimeApiVersion: 'v1' });
    });

    test('tells of a container by the first digits of its id', async () => {
      const { id, podId, podUid } = await containerd.run(containerd.images.edge, ['/bin/sleep', '100'], {
        name: 'probe',
        labels: { tier: 'edge' },
        mounts: [{ source: containerd.folder, destination: '/data', readonly: true }],
      });
      const request = messages.containerStatusRequest.encode({ containerId: id.slice(0, 12), verbose: true });
      const answer = messages.containerStatusResponse.decode(
        await client.call(service, 'ContainerStatus', request, 5000),
      );
      expect(answer.fault).toBeUndefined();
      expect(answer.value.status).toMatchObject({
        id,
        metadata: { name: 'probe' },
        state: messages.containerState.running,
        image: { image: containerd.images.edge },
        mounts: [{ containerPath: '/data', hostPath: containerd.folder, readonly: true, propagation: 0 }],
      });
      expect(answer.value.status?.labels.tier).toBe('edge');
      expect(JSON.parse(answer.value.info.info ?? '')).toMatchObject({ sandboxID: podId });
      const list = messages.listPodSandboxResponse.decode(
        await client.call(service, 'ListPodSandbox', messages.listPodSandboxRequest.encode({}), 5000),
      );
      expect(list.value.items).toMatchObject([
        { id: podId, metadata: { uid: podUid, namespace: 'edge' }, state: 0 },
      ]);
    });

    test('the older service has the same numbers', async () => {
      const { id } = await containerd.run(containerd.images.busybox, ['/bin/sleep', '100'], {
        privileged: true,
      });
      const request = messages.containerStatusRequest.encode({ containerId: id, verbose: true });
      const [now, before] = await Promise.all(
        messages.services.map((one) => client.call(one, 'ContainerStatus', request, 5000)),
      );
      expect(messages.containerStatusResponse.decode(before!)).toEqual(
        messages.containerStatusResponse.decode(now!),
      );
    });

    test('refusals are errors with their codes', async () => {
      const request = messages.containerStatusRequest.encode({ containerId: 'abcdefabcdef' });
      const refused = client.call(service, 'ContainerStatus', request, 5000);
      await expect(refused).rejects.toMatchObject({ status: grpcStatus.notFound });
      await expect(refused).rejects.toThrow(/container "abcdefabcdef": not found/);
      const unknown = client.call(service, 'NoSuchMethod', new Uint8Array(), 5000);
      await expect(unknown).rejects.toMatchObject({ status: grpcStatus.unimplemented });
    });

    test('answers keep coming in a stream until it is closed', async () => {
      // Events of containerd itself (api/services/events/v1/events.proto): the topic is field 3.
      const seen: Uint8Array[] = [];
      const events = 'containerd.services.events.v1.Events';
      const stream = client.stream(events, 'Subscribe', new Uint8Array(), (message) => seen.push(message));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const made = await containerd.run(containerd.images.busybox, ['/bin/sleep', '100']);
      const text = () => seen.map((one) => new TextDecoder().decode(one)).join('\n');
      await expect.poll(text, { timeout: 5000 }).toMatch(/\/tasks\/start/);
      expect(text()).toContain(made.id);
      stream.close();
      const error: GrpcError = await stream.ended.then(
        () => expect.unreachable(),
        (reason) => reason,
      );
      expect(error.status).toBe(grpcStatus.unavailable);
    });

    test('nobody at the socket is an error that says so', async () => {
      const nobody = new GrpcClient(`${containerd.folder}/nobody.sock`);
      const call = nobody.call(service, 'Version', new Uint8Array(), 5000);
      await expect(call).rejects.toThrow(/ENOENT/);
      await nobody.closed;
      await expect(nobody.call(service, 'Version', new Uint8Array(), 5000)).rejects.toThrow();
    });

    test('an end of the engine ends the connection', async () => {
      const other = new GrpcClient(containerd.socket);
      await other.call(service, 'Version', messages.versionRequest.encode({}), 5000);
      await containerd.stopDaemon();
      await other.closed;
      await containerd.startDaemon();
      const again = new GrpcClient(containerd.socket);
      await again.call(service, 'Version', messages.versionRequest.encode({}), 5000);
      again.close();
    });
  },
);
