import { atTerminal, type Behaviour, inside, insidePerl } from './behaviour.ts';

type Kind = 'STREAM' | 'DGRAM';

/** Perl that connects the socket `S` to an address of the container. */
function connect(address: string, port: number, kind: Kind = 'STREAM'): string {
  return `use Socket; socket(S, PF_INET, SOCK_${kind}, 0); connect(S, pack_sockaddr_in(${port}, inet_aton("${address}")));`;
}

/** Perl that listens on the socket `L`. */
function listen(address: string, port: number): string {
  return `use Socket; socket(L, PF_INET, SOCK_STREAM, 0); setsockopt(L, SOL_SOCKET, SO_REUSEADDR, 1);
  bind(L, pack_sockaddr_in(${port}, inet_aton("${address}"))) or die; listen(L, 1);`;
}

/** A shell without the capability to administer the system. */
const lacking = 'setpriv --bounding-set -sys_admin --inh-caps -sys_admin';

/** Behaviours of programs in a container. */
export const inContainer: readonly Behaviour[] = [
  atTerminal('Terminal shell in container', ':'),
  inside('Netcat Remote Code Execution in Container', 'ncat -e /bin/true 203.0.113.9 1'),
  insidePerl('Packet socket created in container', 'syscall(41, 17, 3, 0)'),
  insidePerl(
    'Redirect STDOUT/STDIN to Network Connection in Container',
    `${listen('127.0.0.1', 8090)} ${connect('127.0.0.1', 8090)} syscall(33, fileno(S), 0)`,
  ),
  insidePerl('Linux Kernel Module Injection Detected', 'my $options = ""; syscall(175, 0, 0, $options)', {
    why: 'the kernel refuses the empty module; the rule asks for the attempt',
  }),
  inside('Detect release_agent File Container Escapes', 'touch release_agent'),
  inside('Drop and execute new binary in container', 'cp /bin/true /srv/dropped; /srv/dropped'),
  inside('Disallowed SSH Connection Non Standard Port', 'ssh -o ConnectTimeout=2 -p 443 203.0.113.9', {
    why: 'refused by the other end, but begun',
  }),
  inside('Schedule Cron Jobs', 'touch /etc/cron.d/picket-bait'),
  inside('Read ssh information', 'mkdir -p /root/.ssh; ls /root/.ssh'),
  inside('Change namespace privileges via unshare', `${lacking} unshare --user true`),
  inside('System procs network activity', 'bash -c "exec 7<>/dev/udp/203.0.113.9/53"', {
    why: 'a shell that connects by itself',
  }),
  insidePerl('Unexpected UDP Traffic', connect('203.0.113.9', 4000, 'DGRAM')),
  insidePerl(
    'Contact EC2 Instance Metadata Service From Container',
    `${listen('169.254.169.254', 8081)} ${connect('169.254.169.254', 8081)}`,
  ),
  insidePerl(
    'Contact cloud metadata service from container',
    `${listen('169.254.169.254', 8081)} ${connect('169.254.169.254', 8081)}`,
    { again: 1, why: 'the same condition as that of EC2, which is told first' },
  ),
  inside('Launch Package Management Process in Container', 'dpkg --version'),
  inside('Launch Suspicious Network Tool in Container', 'nmap --version'),
  inside('Launch Remote File Copy Tools in Container', 'scp'),
  inside(
    'Launch Ingress Remote File Copy Tools in Container',
    'curl --silent -o /dev/null file:///etc/hostname',
  ),
  inside('Read environment variable from /proc files', 'cat /proc/self/environ'),
  inside(
    'Exfiltrating Artifacts via Kubernetes Control Plane',
    'exec tar cf /tmp/out.tar /var/lib/dpkg/status',
    {
      why: 'the archiver is what the engine starts, as kubectl cp does, without a terminal',
    },
  ),
  inside('Adding ssh keys to authorized_keys', 'mkdir -p /root/.ssh; touch /root/.ssh/authorized_keys'),
  inside('Update Package Repository', 'touch /etc/apt/sources.list.d/picket-bait.list'),
  inside('Write below binary dir', 'touch /usr/bin/picket-bait'),
  inside('Write below monitored dir', 'touch /usr/local/lib/picket-bait'),
  inside('Write below etc', 'touch /etc/picket-bait'),
  inside('Write below root', 'touch /root/picket-bait'),
  inside('Write below rpm database', 'mkdir -p /var/lib/rpm; touch /var/lib/rpm/Packages'),
  inside('Modify binary dirs', 'mv /usr/bin/yes /usr/bin/no'),
  inside('Mkdir binary dirs', 'mkdir /usr/bin/picket-bait-folder'),
  inside('Kubernetes Client Tool Launched in Container', 'ln -s /bin/true kubectl; ./kubectl'),
  inside('Decoding Payload in Container', 'base64 -d </dev/null'),
  inside('Privileged Container Device Access', 'mknod /dev/sdbait c 1 3; cat /dev/sdbait', {
    why: 'a device by the name of a disk',
  }),
  inside(
    'Container Access to Host Sensitive Paths',
    'mkdir /host; touch /tmp/inner; mv /tmp/inner /host/file; cat /host/file',
  ),
  inside(
    'Network Tool Executed During NPM Package Install',
    `ln -s /usr/bin/perl npm; ./npm -e 'system {"nmap"} "nmap", "--version"'`,
    { again: 1, why: 'that it is a network tool is told first' },
  ),
  insidePerl(
    'Unexpected inbound connection source',
    `${listen('203.0.113.9', 8092)} ${connect('203.0.113.9', 8092)} accept(A, L)`,
    { again: 1 },
  ),
  insidePerl(
    'Interpreted procs inbound network activity',
    `${listen('10.0.0.9', 8093)} ${connect('10.0.0.9', 8093)} accept(A, L)`,
    { again: 2 },
  ),
  insidePerl('Interpreted procs outbound network activity', connect('203.0.113.9', 8094, 'DGRAM'), {
    again: 2,
  }),
  insidePerl(
    'Interpreted procs outbound network activity',
    'use Socket; socket(S, PF_INET, SOCK_DGRAM, 0); bind(S, pack_sockaddr_in(0, inet_aton("10.0.0.9"))); send(S, "x", 0, pack_sockaddr_in(8096, inet_aton("203.0.113.9")))',
    { again: 2, why: 'a datagram of a socket that has an address of its own and is not connected' },
  ),
  inside('Unexpected K8s NodePort Connection', 'bash -c "exec 7<>/dev/udp/203.0.113.9/30080"', { again: 1 }),
  inside('Container Drift Detected (chmod)', 'touch drift; chmod +x drift', { again: 1 }),
  insidePerl('Container Drift Detected (open+create)', 'sysopen(F, "/tmp/drift-open", 0101, 0755)', {
    again: 1,
  }),
  inside('Modify Container Entrypoint', '{ : >/proc/self/fd/1; } >file', { again: 1 }),
  inside(
    'Java Process Class File Download',
    `ln -s /usr/bin/perl java; ./java -e '${listen('127.0.0.1', 8095)} ${connect('127.0.0.1', 8095)} accept(A, L); syswrite(A, pack("H*", "cafebabe")); recv(S, $b, 4, 0)'`,
    {
      again: 1,
      why: 'the first bytes of a class file, received by a program called java',
    },
  ),
];
