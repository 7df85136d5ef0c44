import { type Behaviour, host, hostPerl } from './behaviour.ts';

const outOfMemory = `my $n = "picket-bait"; my $f = syscall(319, $n, 0); open(my $o, ">&=", $f); open(my $i, "<", "/bin/true");
binmode $_ for $o, $i; local $/; my $d = <$i>; print $o $d; close($i); $o->flush; exec {"/proc/self/fd/$f"} "picket-bait"`;

/** A server for one connection, which the client starts itself: nothing listens anywhere. */
const logIn = `ssh-keygen -q -t ed25519 -N '' -f key; cp key.pub keys; ssh-keygen -q -t ed25519 -N '' -f host
printf '%s\\n' "HostKey $PWD/host" "AuthorizedKeysCommand /usr/bin/cat $PWD/keys" 'AuthorizedKeysCommandUser root' 'PidFile none' 'ListenAddress 127.0.0.1' "SetEnv PICKET_BAIT=$PICKET_BAIT" >config
made=; [ -d /run/sshd ] || { mkdir -p /run/sshd; made=yes; }
ssh -o "ProxyCommand=/usr/sbin/sshd -i -f $PWD/config" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -i key nobody@bait
[ -z "$made" ] || rmdir /run/sshd`;

/** Behaviours of programs outside of containers. */
export const onHost: readonly Behaviour[] = [
  host('Read sensitive file untrusted', 'head -c 1 /etc/shadow'),
  hostPerl('Directory traversal monitored file read', 'open(F, "<", "/tmp/../tmp/../etc/hosts")', {
    why: 'two steps up in the path as it was given, by a program that no shell started',
  }),
  host(
    'Read sensitive file trusted after startup',
    `ln -s /usr/bin/perl httpd; ./httpd -e 'sleep 6; open(F, "<", "/etc/shadow")'`,
    { why: 'a server by its name, five seconds after it began' },
  ),
  host(
    'Run shell untrusted',
    `ln -s /usr/bin/perl redis-server; ./redis-server -e 'system {"sh"} "sh", "-c", ":"'`,
    {
      why: 'a shell below a database by its name',
    },
  ),
  host('System user interactive', logIn, { why: 'an account that is not for people logs in over SSH' }),
  host('Search Private Keys or Passwords', 'find . -name id_rsa'),
  host('Clear Log Activities', 'echo a >>auth.log; head -c 0 /dev/null >auth.log', {
    why: 'the second redirection opens with O_TRUNC',
  }),
  host('Remove Bulk Data from Disk', 'echo x >data; shred -n 1 data'),
  host('Create Symlink Over Sensitive Files', 'ln -s /etc/shadow soft'),
  host('Create Hardlink Over Sensitive Files', 'ln /etc/shadow hard'),
  hostPerl('PTRACE anti-debug attempt', 'syscall(101, 0, 0, 0, 0)'),
  hostPerl(
    'PTRACE attached to process',
    'my $p = fork; if (!$p) { sleep 5; exit } syscall(101, 16, $p, 0, 0); syscall(101, 17, $p, 0, 0); kill 9, $p',
  ),
  host('Find AWS Credentials', 'echo x >file; grep -i aws_secret_access_key file'),
  host(
    'Execution from /dev/shm',
    'cp /bin/true /dev/shm/picket-bait; /dev/shm/picket-bait; rm /dev/shm/picket-bait',
  ),
  hostPerl('Fileless execution via memfd_create', outOfMemory),
  host('Modify Shell Configuration File', 'touch .bashrc'),
  host('DB program spawned process', `ln -s /usr/bin/perl sqlplus; ./sqlplus -e 'system {"true"} "true"'`),
  hostPerl('Change thread namespace', 'open(F, "<", "/proc/self/ns/uts"); syscall(308, fileno(F), 0)'),
  host('Program run with disallowed http proxy env', 'HTTP_PROXY=http://198.51.100.1 curl --version'),
  hostPerl('Non sudo setuid', 'syscall(105, 54321)', { why: 'to a user that nobody has given a name' }),
  host('User mgmt binaries', 'groupmod --help'),
  host('Create files below dev', 'touch /dev/picket-bait; rm /dev/picket-bait'),
  host('Launch Suspicious Network Tool on Host', 'nmap --version'),
  host('Delete or rename shell history', 'touch .ash_history; rm .ash_history'),
  host('Set Setuid or Setgid bit', 'touch own; chmod u+s own'),
  host(
    'Potential Local Privilege Escalation via Environment Variables Misuse',
    'GLIBC_TUNABLES=glibc.malloc.perturb=1 /bin/true',
  ),
  host(
    'Backdoored library loaded into SSHD (CVE-2024-3094)',
    'touch liblzma.so.5.6.0; ln -s /bin/cat sshd; ./sshd liblzma.so.5.6.0',
    {
      why: 'the server by its name',
    },
  ),
  hostPerl('BPF Program Not Profiled', 'my $a = "\\0" x 128; syscall(321, 5, $a, 128)', {
    why: 'the kernel refuses the empty program; the rule asks for the attempt',
  }),
  host('Detect crypto miners using the Stratum protocol', '/bin/echo stratum+tcp://pool.example:3333'),
  host('Sudo Potential Privilege Escalation', `ln -s /bin/true sudoedit; ./sudoedit -s '\\'`, {
    why: 'the command line of CVE-2021-3156, of a harmless program with that name',
  }),
  host(
    'Unprivileged Delegation of Page Faults Handling to a Userspace Process',
    `setpriv --reuid 65534 --clear-groups perl -e 'syscall(323, 1)'`,
  ),
  host('Polkit Local Privilege Escalation Vulnerability (CVE-2021-4034)', 'ln -s /bin/true pkexec; ./pkexec'),
  host('Known Cryptominer Process Executed', 'ln -s /bin/true xmrig; ./xmrig'),
  host(
    'Web Server Spawned Shell',
    `ln -s /usr/bin/perl php-fpm; ./php-fpm -e 'system {"sh"} "sh", "-c", ":"'`,
  ),
  host(
    'Web Server Spawned Suspicious Child Process',
    `ln -s /usr/bin/perl php-fpm; ./php-fpm -e 'system {"whoami"} "whoami"'`,
  ),
  host(
    'Reverse Shell from Web Server',
    `ln -s /usr/bin/perl php-fpm; ./php-fpm -e 'system {"mkfifo"} "mkfifo", "/tmp/picket-bait-fifo"'; rm -f /tmp/picket-bait-fifo`,
    {
      why: 'the pipe that such shells are made with',
    },
  ),
  host('Create Hidden Files or Directories', 'mkdir .hidden', { again: 1 }),
  host('Basic Interactive Reconnaissance', 'SHELL=/bin/bash script -qec whoami /dev/null', {
    why: 'at a terminal of its own, leading its process group',
  }),
  host('Read Shell Configuration File', 'cat /etc/skel/.bashrc', { again: 1 }),
  host('Netcat/Socat Remote Code Execution on Host', 'ncat -e /bin/true 127.0.0.1 1', {
    again: 1,
    why: 'that it is a network tool is told first',
  }),
];
