import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GrpcClient } from './client.ts';
import { busyboxImages } from './image.fixture.ts';
import { service, versionRequest } from './messages.ts';
import * as requests from './requests.fixture.ts';

/** Why containers cannot be run here, or undefined when they can. */
export const cannotRunContainers: string | undefined = (() => {
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = [
    'containerd',
    'containerd-shim-runc-v2',
    'ctr',
    'runc',
    'busybox',
    'unshare',
    'setpriv',
  ].find((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
  return missing === undefined
    ? undefined
    : `needs ${missing} (Debian packages containerd, runc, busybox-static)`;
})();

/** What a container is started with. Its pod is made for it and shares the network of the machine. */
export interface ContainerOptions {
  readonly name?: string;
  readonly pod?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
  };
  readonly privileged?: boolean;
  readonly mounts?: readonly {
    readonly source: string;
    readonly destination: string;
    readonly readonly?: boolean;
  }[];
  readonly labels?: Record<string, string>;
  readonly env?: Record<string, string>;
  /** Whether it shares the process ids of the machine. */
  readonly hostPid?: boolean;
}

/** A container that was made. */
export interface StartedContainer {
  /** All 64 digits. */
  readonly id: string;
  readonly podId: string;
  readonly podUid: string;
}

const cgroupRoot = '/sys/fs/cgroup';
const prefix = 'picket-test-containerd-';

/**
 * A containerd of the test's own, with runc and images of busybox: its root, state and socket lie in a temporary folder,
 * and it has a mount and a process namespace of its own, in which `/run` is another folder. So all that it starts ends with it,
 * and all that it mounts is gone then; what is left are control groups and files, which `remove` takes away.
 */
export class Containerd {
  /** Path of the socket. */
  readonly socket: string;
  /** Images that there are. `edge` is also known by its digest, as if it had been pulled. */
  readonly images = {
    pause: 'registry.k8s.io/pause:3.9',
    busybox: 'docker.io/library/busybox:1.35',
    edge: 'registry.example:5000/edge/sensor:2.1',
  } as const;
  /** A folder for mounts; it goes with the rest. */
  readonly folder: string;
  /** Digests of the manifests, by the names of the images. */
  readonly digests: ReadonlyMap<string, string>;
  readonly #name: string;
  readonly #pods: string[] = [];
  #process: ChildProcess | undefined;
  #client: GrpcClient | undefined;
  #count = 0;

  /** Starts it; throws with its last words when it does not come up. `await using` removes it. */
  static async start(): Promise<Containerd> {
    const one = new Containerd();
    try {
      await one.startDaemon();
      one.#import();
      await one.#imagesKnown();
      return one;
    } catch (error) {
      await one.remove();
      throw error;
    }
  }

  private constructor() {
    sweep();
    this.folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
    this.#name = this.folder.slice(this.folder.lastIndexOf('/') + 1);
    this.socket = join(this.folder, 'containerd.sock');
    for (const name of ['run', 'root', 'state', 'shared']) mkdirSync(join(this.folder, name));
    writeFileSync(join(this.folder, 'config.toml'), this.#config());
    this.digests = busyboxImages(this.folder, Object.values(this.images));
  }

  /** Starts the daemon, again after `stopDaemon`. */
  async startDaemon(): Promise<void> {
    const { folder } = this;
    const script = `mount --bind ${folder}/run /run && mount --bind ${folder}/shared ${folder}/shared &&
      mount --make-shared ${folder}/shared && exec containerd --config ${folder}/config.toml >>${folder}/log 2>&1`;
    const args = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'private', '--pid', '--fork'];
    this.#process = spawn('setpriv', [...args, '--kill-child', '--mount-proc', 'sh', '-c', script], {
      stdio: 'ignore',
    });
    await this.#until('containerd answers', async () => {
      this.#client?.close();
      this.#client = new GrpcClient(this.socket);
      await this.#client.call(service, 'Version', versionRequest.encode({}), 1000);
    });
  }

  /** Kills the daemon and with it, other than on a real machine, all containers. */
  async stopDaemon(): Promise<void> {
    this.#client?.close();
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    // The parent of the first process of the namespace: its end takes that one with it, and that one all others.
    child.kill('SIGKILL');
    await gone;
    await this.#until('all processes are gone', async () => {
      if (this.#processes().length > 0) throw new Error('there are some');
    });
  }

  /** Makes a pod and a container in it, and starts that. */
  async run(
    image: string,
    command: readonly string[],
    options: ContainerOptions = {},
  ): Promise<StartedContainer> {
    const made = await this.create(image, command, options);
    await this.startContainer(made.id);
    return made;
  }

  /** Makes a pod and a container in it that is not started yet. */
  async create(
    image: string,
    command: readonly string[],
    options: ContainerOptions = {},
  ): Promise<StartedContainer> {
    const { name = 'main', pod = {}, privileged = false, hostPid = false } = options;
    const podUid = `${process.pid}-${++this.#count}`;
    const metadata = {
      name: pod.name ?? `pod-${this.#count}`,
      uid: podUid,
      namespace: pod.namespace ?? 'edge',
    };
    const namespaces = { network: 2, pid: hostPid ? 2 : 1 };
    const config = {
      metadata,
      labels: pod.labels ?? {},
      linux: {
        cgroupParent: `/${this.#name}/pod${podUid}`,
        securityContext: { namespaceOptions: namespaces, privileged },
      },
    };
    const podId = requests.runPodSandboxResponse.decode(
      await this.#call('RunPodSandbox', requests.runPodSandboxRequest.encode({ config })),
    ).value.podSandboxId;
    this.#pods.push(podId);
    const labels = {
      'io.kubernetes.container.name': name,
      'io.kubernetes.pod.name': metadata.name,
      'io.kubernetes.pod.namespace': metadata.namespace,
      'io.kubernetes.pod.uid': podUid,
      ...options.labels,
    };
    const request = requests.createContainerRequest.encode({
      podSandboxId: podId,
      config: {
        metadata: { name },
        image: { image },
        command,
        envs: Object.entries(options.env ?? {}).map(([key, value]) => ({ key, value })),
        mounts: (options.mounts ?? []).map((one) => ({
          containerPath: one.destination,
          hostPath: one.source,
          readonly: one.readonly ?? false,
        })),
        labels,
        linux: { securityContext: { privileged, namespaceOptions: namespaces } },
      },
      sandboxConfig: config,
    });
    const made = requests.createContainerResponse.decode(await this.#call('CreateContainer', request));
    return { id: made.value.containerId, podId, podUid };
  }

  async startContainer(containerId: string): Promise<void> {
    await this.#call('StartContainer', requests.containerRequest.encode({ containerId }));
  }

  /** Runs a command in a container to its end and returns what it printed. */
  async exec(containerId: string, command: readonly string[]): Promise<string> {
    const request = requests.execSyncRequest.encode({ containerId, cmd: command, timeout: 10n });
    return requests.execSyncResponse.decode(await this.#call('ExecSync', request)).value.stdout;
  }

  /** Stops a container and its pod, and removes both. */
  async delete({ podId }: StartedContainer): Promise<void> {
    const request = requests.podRequest.encode({ podSandboxId: podId });
    await this.#call('StopPodSandbox', request);
    await this.#call('RemovePodSandbox', request);
  }

  /** Ends everything and leaves nothing behind. Idempotent. */
  async remove(): Promise<void> {
    await this.stopDaemon();
    removeTraces(this.#name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  #config(): string {
    const { folder } = this;
    const cri = `plugins."io.containerd.grpc.v1.cri"`;
    return `
version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = "${this.socket}"
[${cri}]
  sandbox_image = "${this.images.pause}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [${cri}.cni]
    bin_dir = "${folder}/none"
    conf_dir = "${folder}/none"
  [${cri}.containerd]
    snapshotter = "${/\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8')) ? 'overlayfs' : 'native'}"
`;
  }

  #import(): void {
    const ctr = (...args: string[]) =>
      execFileSync('ctr', ['--address', this.socket, '--namespace', 'k8s.io', 'images', ...args], {
        stdio: 'pipe',
      });
    ctr('import', join(this.folder, 'image.tar'));
    ctr('tag', this.images.edge, this.#byDigest(this.images.edge));
  }

  #byDigest(image: string): string {
    return `${image.slice(0, image.lastIndexOf(':'))}@${this.digests.get(image)}`;
  }

  async #imagesKnown(): Promise<void> {
    const names = [...Object.values(this.images), this.#byDigest(this.images.edge)];
    await this.#until('images are known', async () => {
      for (const image of names) {
        const request = requests.imageStatusRequest.encode({ image: { image } });
        const answer = await this.#client!.call('runtime.v1.ImageService', 'ImageStatus', request, 5000);
        if (requests.imageStatusResponse.decode(answer).value.image === undefined)
          throw new Error(`${image} is not`);
      }
    });
  }

  async #call(method: string, request: Uint8Array): Promise<Uint8Array> {
    return this.#client!.call(service, method, request, 30_000);
  }

  /** Processes that run in control groups of this containerd. */
  #processes(): string[] {
    return controlGroups(this.#name).flatMap((group) =>
      readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean),
    );
  }

  async #until(what: string, done: () => Promise<void>): Promise<void> {
    const end = performance.now() + 20_000;
    for (;;) {
      try {
        await done();
        return;
      } catch (error) {
        if (performance.now() > end) {
          const log = join(this.folder, 'log');
          const said = existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(-15).join('\n') : '';
          throw new Error(`waited in vain until ${what}: ${(error as Error).message}\n${said}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    }
  }
}

/** Removes what tests left behind that were killed. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : 0;
    if (pid > 0 && !existsSync(`/proc/${pid}`)) removeTraces(name);
  }
}

function removeTraces(name: string): void {
  for (const group of controlGroups(name)) rmdirSync(group);
  rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

/** The control groups of a name in all hierarchies, inner ones first. */
function controlGroups(name: string): string[] {
  const hierarchies = [cgroupRoot, ...readdirSync(cgroupRoot).map((one) => join(cgroupRoot, one))];
  const below = (folder: string): string[] => [
    ...readdirSync(folder, { withFileTypes: true })
      .filter((one) => one.isDirectory())
      .flatMap((one) => below(join(folder, one.name))),
    folder,
  ];
  return hierarchies
    .map((hierarchy) => join(hierarchy, name))
    .filter((folder) => existsSync(folder))
    .flatMap(below);
}
