import type { ContainerRecord } from '../../event/state/container.ts';
import { GrpcClient, GrpcError, grpcStatus, type Stream } from './client.ts';
import * as messages from './messages.ts';
import type { ProtobufFault } from './protobuf.ts';
import { containerRecord, detailsOf, sandboxRecord } from './record.ts';

/** As long as Falco waits for an answer. */
const timeoutMs = 5000;

/** What a list says of a container or sandbox. */
export interface Listed {
  /** The first 12 digits. */
  readonly id: string;
  readonly state: number;
}

/** A container engine that answers at a socket. */
export class Engine {
  readonly socket: string;
  /** E.g. `containerd`. */
  readonly name: string;
  readonly version: string;
  /** Fulfilled when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #client: GrpcClient;
  readonly #service: string;

  /** Throws a GrpcError when nobody answers there, or not in the terms of the CRI. */
  static async connect(socket: string): Promise<Engine> {
    const client = new GrpcClient(socket);
    try {
      return await Engine.#greet(socket, client, messages.services[0]).catch((error: GrpcError) => {
        if (error.status !== grpcStatus.unimplemented) throw error;
        return Engine.#greet(socket, client, messages.services[1]);
      });
    } catch (error) {
      client.close();
      throw error;
    }
  }

  static async #greet(socket: string, client: GrpcClient, service: string): Promise<Engine> {
    const request = messages.versionRequest.encode({});
    const answer = await client.call(service, 'Version', request, timeoutMs);
    const { runtimeName, runtimeVersion } = checked('Version', messages.versionResponse.decode(answer));
    return new Engine(socket, client, service, runtimeName || 'cri', runtimeVersion);
  }

  private constructor(socket: string, client: GrpcClient, service: string, name: string, version: string) {
    this.socket = socket;
    this.#client = client;
    this.#service = service;
    this.name = name;
    this.version = version;
    this.closed = client.closed;
  }

  /** Returns all containers and sandboxes. */
  async list(): Promise<readonly Listed[]> {
    const [containers, sandboxes] = await Promise.all([this.#containers(), this.#sandboxes()]);
    return [...containers, ...sandboxes].map(({ id, state }) => ({ id: id.slice(0, 12), state }));
  }

  /** Returns a container or sandbox by the first digits of its id, undefined when the engine knows none. Throws a GrpcError. */
  async find(id: string): Promise<{ readonly record: ContainerRecord; readonly state: number } | undefined> {
    const [container] = await this.#containers(id);
    if (container === undefined) return this.#findSandbox(id);
    const [answer, sandbox] = await Promise.all([
      known(this.#status(container.id)),
      known(this.#sandbox(container.podSandboxId, false)),
    ]);
    if (answer?.status === undefined) return undefined;
    const { status, info } = answer;
    const record = containerRecord(
      this.name,
      status,
      detailsOf(info),
      container.podSandboxId,
      sandbox?.status,
    );
    return { record, state: status.state };
  }

  /** Tells of containers that are made, started and removed; ends with an error where the engine does not tell. */
  events(take: (id: string, type: number) => void): Stream {
    const request = messages.getEventsRequest.encode({});
    return this.#client.stream(this.#service, 'GetContainerEvents', request, (message) => {
      const { containerId, containerEventType } = messages.containerEventResponse.decode(message).value;
      if (containerId !== '') take(containerId.slice(0, 12), containerEventType);
    });
  }

  close(): void {
    this.#client.close();
  }

  async #findSandbox(id: string) {
    const answer = await known(this.#sandbox(id, true));
    if (answer?.status === undefined) return undefined;
    const { status, info } = answer;
    return { record: sandboxRecord(this.name, status, detailsOf(info)), state: status.state };
  }

  async #containers(id?: string) {
    const request = messages.listContainersRequest.encode(id === undefined ? {} : { filter: { id } });
    const answer = await this.#call('ListContainers', request);
    return checked('ListContainers', messages.listContainersResponse.decode(answer)).containers;
  }

  async #sandboxes() {
    const answer = await this.#call('ListPodSandbox', messages.listPodSandboxRequest.encode({}));
    return checked('ListPodSandbox', messages.listPodSandboxResponse.decode(answer)).items;
  }

  async #status(containerId: string) {
    const request = messages.containerStatusRequest.encode({ containerId, verbose: true });
    const answer = await this.#call('ContainerStatus', request);
    return checked('ContainerStatus', messages.containerStatusResponse.decode(answer));
  }

  async #sandbox(podSandboxId: string, verbose: boolean) {
    const request = messages.podSandboxStatusRequest.encode({ podSandboxId, verbose });
    const answer = await this.#call('PodSandboxStatus', request);
    return checked('PodSandboxStatus', messages.podSandboxStatusResponse.decode(answer));
  }

  #call(method: string, request: Uint8Array): Promise<Uint8Array> {
    return this.#client.call(this.#service, method, request, timeoutMs);
  }
}

/** What is not found is no failure: containers come and go. */
async function known<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof GrpcError && error.status === grpcStatus.notFound) return undefined;
    throw error;
  }
}

function checked<T>(
  method: string,
  { value, fault }: { readonly value: T; readonly fault: ProtobufFault | undefined },
): T {
  if (fault === undefined) return value;
  throw new GrpcError(grpcStatus.unknown, `${method}: ${fault.reason}, at byte ${fault.at} of the answer`);
}
