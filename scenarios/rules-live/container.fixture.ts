import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Capabilities of the container: more than an engine would give, as some rules ask for just that. */
const capabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_ADMIN',
  'CAP_SYS_MODULE',
  'CAP_SYS_PTRACE',
];

/** Addresses of the container's own loopback: a private one, one of documentation (RFC 5737), that of cloud metadata. Nothing leaves it. */
const addresses = ['10.0.0.9/32', '203.0.113.9/32', '169.254.169.254/32'];

interface ExecOptions {
  readonly tty?: boolean;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A container of runc whose root is an overlay over that of this machine, so that every program is there and what is written lies in
 * the upper layer; with a network of its own. It goes with everything that belongs to it when it is disposed of.
 */
export class Container implements Disposable {
  readonly id: string = randomBytes(32).toString('hex');
  readonly #folder = mkdtempSync(join(tmpdir(), 'picket-runc-'));
  readonly #isCapable: boolean;

  constructor({ isCapable, environment }: { isCapable: boolean; environment: readonly string[] }) {
    this.#isCapable = isCapable;
    try {
      this.#start(environment);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** How it is called in events. */
  get shortId(): string {
    return this.id.slice(0, 12);
  }

  /** Arguments for runc that run a program in the container. */
  command(program: readonly string[], { tty = false, cwd = '/', env = {} }: ExecOptions = {}): string[] {
    const environment = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    return [
      ...this.#state,
      'exec',
      '--cwd',
      cwd,
      ...(tty ? ['--tty'] : []),
      ...environment,
      this.id,
      ...program,
    ];
  }

  [Symbol.dispose](): void {
    spawnSync('runc', [...this.#state, 'delete', '--force', this.id], { stdio: 'ignore' });
    spawnSync('umount', ['-l', join(this.#folder, 'layers/root')], { stdio: 'ignore' });
    spawnSync('umount', ['-l', join(this.#folder, 'layers')], { stdio: 'ignore' });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #state(): string[] {
    return ['--root', join(this.#folder, 'state')];
  }

  #start(environment: readonly string[]): void {
    const layers = join(this.#folder, 'layers');
    mkdirSync(layers);
    // An overlay cannot be the upper layer of another one; a file system in memory can.
    execFileSync('mount', ['-t', 'tmpfs', 'picket', layers]);
    const [upper, work, rootfs] = ['upper', 'work', 'root'].map((name) => join(layers, name)) as [
      string,
      string,
      string,
    ];
    for (const each of [upper, work, rootfs]) mkdirSync(each);
    const options = `lowerdir=/,upperdir=${upper},workdir=${work}`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, rootfs]);
    writeFileSync(join(this.#folder, 'config.json'), JSON.stringify(this.#config(rootfs, environment)));
    const args = [...this.#state, 'run', '--detach', '--bundle', this.#folder, this.id];
    execFileSync('runc', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const network = ['ip link set lo up', ...addresses.map((one) => `ip address add ${one} dev lo`)];
    if (this.#isCapable) execFileSync('runc', this.command(['sh', '-c', network.join(' && ')]));
  }

  #config(rootfs: string, environment: readonly string[]): unknown {
    const allowed = this.#isCapable ? capabilities : ['CAP_KILL'];
    return {
      ociVersion: '1.0.2',
      hostname: 'bait',
      root: { path: rootfs, readonly: false },
      process: {
        terminal: false,
        user: { uid: 0, gid: 0 },
        args: ['sleep', 'infinity'],
        env: [path, ...environment],
        cwd: '/',
        capabilities: Object.fromEntries(
          ['bounding', 'effective', 'permitted', 'inheritable'].map((set) => [set, allowed]),
        ),
      },
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc' },
        { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
        {
          destination: '/dev/pts',
          type: 'devpts',
          source: 'devpts',
          options: ['newinstance', 'ptmxmode=0666'],
        },
        { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
      ],
      linux: {
        // As containerd names it where systemd keeps the groups.
        cgroupsPath: `/cri-containerd-${this.id}.scope`,
        namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      },
    };
  }
}
