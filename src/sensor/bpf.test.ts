import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findField } from '../event/field.ts';
import { SystemState } from '../event/state/system-state.ts';
import { syscallSource } from '../event/syscall-source.ts';
import type { SystemEvent } from '../event/system-event.ts';
import { BpfSensor, bpfTypes } from './bpf.ts';
import { capabilitiesOf } from './capabilities.ts';

const canRun = process.getuid?.() === 0 && existsSync('/sys/kernel/btf/vmlinux');

/** What fields say of an event, as rules would ask. */
function ask(event: SystemEvent, ...names: string[]): unknown[] {
  return names.map((name) => {
    const found = findField(syscallSource.fields, name, undefined);
    const get = found?.field.bind(found.argument);
    return typeof get === 'function' ? get(event) : undefined;
  });
}

/** An ELF file of one segment with this machine code (64 bits). */
function staticProgram(code: Buffer): Buffer {
  const head = Buffer.alloc(120);
  head.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  head.writeUInt16LE(2, 16);
  head.writeUInt16LE(62, 18);
  head.writeUInt32LE(1, 20);
  head.writeBigUInt64LE(0x400078n, 24);
  head.writeBigUInt64LE(64n, 32);
  for (const [at, value] of [
    [52, 64],
    [54, 56],
    [56, 1],
  ] as const)
    head.writeUInt16LE(value, at);
  head.writeUInt32LE(1, 64);
  head.writeUInt32LE(5, 68);
  head.writeBigUInt64LE(0x400000n, 80);
  head.writeBigUInt64LE(0x400000n, 88);
  for (const at of [96, 104]) head.writeBigUInt64LE(BigInt(120 + code.length), at);
  head.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([head, code]);
}

describe.skipIf(!canRun)(
  'system calls of this machine (needs root and a kernel that tells its types)',
  () => {
    let sensor: BpfSensor;
    let state: SystemState;
    let folder: string;

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'picket-bpf-'));
      sensor = new BpfSensor({ types: bpfTypes });
      state = new SystemState({ userName: (uid) => `user${uid}`, groupName: (gid) => `group${gid}` });
      for (const record of sensor.processes) state.seed(record);
    });

    afterAll(() => {
      sensor.close();
      rmSync(folder, { recursive: true });
    });

    /** Runs a script in Perl and returns what fields say of its events of one type. */
    function seen(script: string, type: string, fields: readonly string[]): unknown[][] {
      sensor.read(1e6, (raw) => void state.apply(raw));
      const marker = `marker-${Math.random().toString(36).slice(2)}`;
      execFileSync('perl', ['-e', script, marker], { cwd: folder });
      const found: unknown[][] = [];
      sensor.read(1e6, (raw) => {
        const event = state.apply(raw);
        if (event.typeName === type && event.thread.args.includes(marker)) found.push(ask(event, ...fields));
      });
      return found;
    }

    test('a program that starts is told with all its arguments', () => {
      sensor.read(1e6, (raw) => void state.apply(raw));
      const words = ['-e', 'exit 3', 'with blanks', '', 'ümlaut', 'x'.repeat(5000)];
      expect(() => execFileSync('perl', words, { cwd: folder })).toThrow();
      const starts: SystemEvent['thread'][] = [];
      let status: number | undefined;
      sensor.read(1e6, (raw) => {
        const event = state.apply(raw);
        if (event.typeName === 'execve' && event.thread.args.includes('ümlaut')) {
          starts.push(event.thread);
          expect(event.thread).toMatchObject({ comm: 'perl', exe: 'perl', args: words, cwd: folder, uid: 0 });
          expect(event.thread.exepath).toMatch(/^\/usr\/bin\/perl/);
          expect(state.parentOf(event.thread)?.pid).toBe(process.pid);
        }
        if (event.typeName === 'procexit' && event.thread === starts[0]) status = event.integer('ret');
      });
      expect(starts).toHaveLength(1);
      expect(status).toBe(3);
    });

    test('files are told by the path that was asked for, below the directory that the call named', () => {
      mkdirSync(join(folder, 'inner'));
      writeFileSync(join(folder, 'inner', 'there'), '');
      const fields = ['fd.name', 'evt.is_open_write', 'evt.is_open_create', 'evt.res', 'fd.typechar'];
      const script = `
      open(my $a, '<', 'inner/there'); open(my $b, '>', 'inner/made'); open(my $c, '<', 'inner/none');
      chdir('inner'); open(my $d, '>>', 'there');`;
      const opened = seen(script, 'openat', fields).filter(([name]) => String(name).startsWith(folder));
      expect(opened).toEqual([
        [`${folder}/inner/there`, false, false, 'SUCCESS', 'f'],
        [`${folder}/inner/made`, true, true, 'SUCCESS', 'f'],
        [`${folder}/inner/none`, false, false, 'ENOENT', 'f'],
        [`${folder}/inner/there`, true, false, 'SUCCESS', 'f'],
      ]);
    });

    test('below the root too', () => {
      const asked = ['fd.name', 'proc.cwd'];
      const script = `chdir('/'); open(my $a, '<', 'etc/hosts'); exec 'perl', '-e', q(open(my $a, '<', 'etc/passwd')), @ARGV;`;
      const opened = seen(script, 'openat', asked).filter(([name]) =>
        /^\/etc\/(hosts|passwd)$/.test(String(name)),
      );
      expect(opened).toEqual([
        ['/etc/hosts', '/'],
        ['/etc/passwd', '/'],
      ]);
    });

    test('paths of other calls', () => {
      const script = `mkdir('a'); rename('a', 'b'); symlink('b', 'c'); unlink('c'); rmdir('b'); chmod(0600, 'none');`;
      expect(seen(script, 'mkdir', ['fs.path.name', 'evt.res'])).toEqual([[`${folder}/a`, 'SUCCESS']]);
      expect(seen(script, 'rename', ['fs.path.source', 'fs.path.target'])).toEqual([
        [`${folder}/a`, `${folder}/b`],
      ]);
      expect(seen(script, 'symlink', ['fs.path.sourceraw', 'fs.path.target'])).toEqual([
        ['b', `${folder}/c`],
      ]);
      expect(seen(script, 'unlink', ['fs.path.name'])).toEqual([[`${folder}/c`]]);
      expect(seen(script, 'rmdir', ['fs.path.name'])).toEqual([[`${folder}/b`]]);
      expect(seen(script, 'chmod', ['fs.path.name', 'evt.res'])).toEqual([[`${folder}/none`, 'ENOENT']]);
    });

    test('a start that fails tells what was asked for', () => {
      const script = `exec { 'none/here' } 'none'; `;
      expect(seen(script, 'execve', ['evt.res', 'proc.name']).at(-1)).toEqual(['ENOENT', 'perl']);
      sensor.read(1e6, (raw) => void state.apply(raw));
      execFileSync('perl', ['-e', script], { cwd: folder });
      const asked: unknown[] = [];
      sensor.read(1e6, (raw) => asked.push(state.apply(raw).text('filename')));
      expect(asked).toContain('none/here');
    });

    test('connections are told with both ends, from the kernel itself', async () => {
      const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as { port: number };
      sensor.read(1e6, (raw) => void state.apply(raw));
      const script = `use IO::Socket::INET; IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => ${port}) or die;
      IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => 1);`;
      const child = spawn('perl', ['-e', script, 'marker'], { stdio: 'ignore' });
      await new Promise((resolve) => child.once('exit', resolve));
      server.close();
      const found: unknown[][] = [];
      sensor.read(1e6, (raw) => {
        const event = state.apply(raw);
        if (event.typeName === 'connect' && event.thread.pid === child.pid)
          found.push(ask(event, 'fd.sport', 'fd.typechar', 'fd.l4proto', 'evt.res', 'fd.is_server'));
      });
      expect(found).toContainEqual([port, '4', 'tcp', 'SUCCESS', false]);
      expect(found).toContainEqual([1, '4', 'tcp', 'ECONNREFUSED', false]);
    });

    test('datagrams are told with both ends, and what is in them, however they are sent', () => {
      const fields = [
        'fd.sport',
        'fd.sip.name',
        'fd.l4proto',
        'fd.connected',
        'fd.name_changed',
        'evt.buffer',
      ];
      const socket = `use Socket; socket(R, PF_INET, SOCK_DGRAM, 0); bind(R, pack_sockaddr_in(0, INADDR_LOOPBACK)); my $to = getsockname(R);
        socket(S, PF_INET, SOCK_DGRAM, 0); `;
      // struct iovec and struct msghdr by hand, as Perl has no sendmsg.
      const message = `my $text = 'hello'; my $part = pack('P5 Q', $text, 5);
        my $head = pack('P16 L x4 P16 Q Q Q L x4', $to, 16, $part, 1, 0, 0, 0); `;
      const by = (type: string, script: string) =>
        seen(`${socket}${script}`, type, fields).map((row) =>
          row.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString() : value)),
        );
      const whole = [expect.any(Number), '127.0.0.1', 'udp', false, true, 'hello'];
      expect(by('sendto', `send(S, 'hello', 0, $to);`)).toEqual([whole]);
      expect(by('sendmsg', `${message} syscall(46, fileno(S), $head, 0);`)).toEqual([whole]);
      expect(by('recvfrom', `send(S, 'hello', 0, $to); recv(R, my $b, 9, 0);`)).toEqual([whole]);
      const buffer = `my $b = 'x' x 5; my $from = 'y' x 16; my $in = pack('P5 Q', $b, 5); my $hd = pack('P16 L x4 P16 Q Q Q L x4', $from, 16, $in, 1, 0, 0, 0);`;
      expect(by('recvmsg', `send(S, 'hello', 0, $to); ${buffer} syscall(47, fileno(R), $hd, 0);`)).toEqual([
        whole,
      ]);
    });

    test('a local socket that nobody listens on is told by its path', () => {
      const script = `use Socket; socket(S, PF_UNIX, SOCK_STREAM, 0); connect(S, pack_sockaddr_un('/no/such/socket'));`;
      expect(seen(script, 'connect', ['fd.name', 'fd.typechar', 'evt.res']).at(-1)).toEqual([
        expect.stringMatching(/^[0-9a-f]+->0 \/no\/such\/socket$/),
        'u',
        'ENOENT',
      ]);
    });

    test('calls of the 32-bit interface are not taken for others', () => {
      // int 0x80 with number 83: symlink there, mkdir here.
      const code = '31c0b053bb0000000031c9cd80b801000000bb00000000cd80';
      const elf = join(folder, 'foreign');
      writeFileSync(elf, staticProgram(Buffer.from(code, 'hex')), { mode: 0o755 });
      sensor.read(1e6, (raw) => void state.apply(raw));
      execFileSync(elf, []);
      const types: string[] = [];
      sensor.read(1e6, (raw) => {
        const event = state.apply(raw);
        if (event.thread.comm === 'foreign') types.push(event.typeName);
      });
      expect(types).toEqual(['execve', 'procexit']);
    });

    test('what the table of capabilities calls given is there, in events of every kind', () => {
      const { field } = capabilitiesOf('bpf');
      const script = `use Socket; socket(S, PF_INET, SOCK_DGRAM, 0); connect(S, pack_sockaddr_in(9, INADDR_LOOPBACK)); send(S, 'x', 0);
        open(F, '>', 'field'); chmod(0600, 'field'); rename('field', 'other'); symlink('other', 'field'); syscall(33, fileno(S), 9); unlink('other');
        exec 'perl', '-e', '1', @ARGV;`;
      const common = [
        ...[
          'proc.name',
          'proc.pname',
          'proc.cmdline',
          'proc.args',
          'proc.exe',
          'proc.exepath',
          'proc.cwd',
          'proc.pid',
        ],
        ...[
          'proc.ppid',
          'proc.tty',
          'proc.sid',
          'proc.vpid',
          'proc.vpgid',
          'proc.pcmdline',
          'proc.duration',
          'proc.aname',
        ],
        ...[
          'user.uid',
          'user.name',
          'user.loginuid',
          'group.gid',
          'container.id',
          'thread.cap_effective',
          'thread.tid',
        ],
      ];
      const socket = [
        'fd.sip',
        'fd.sport',
        'fd.typechar',
        'fd.l4proto',
        'fd.name',
        'fd.num',
        'fd.type',
        'fd.connected',
      ];
      const own: Readonly<Record<string, readonly string[]>> = {
        connect: [...socket, 'evt.rawres', 'evt.res'],
        sendto: [...socket, 'evt.buffer', 'evt.rawres'],
        openat: [
          'fd.name',
          'fd.nameraw',
          'fd.directory',
          'fd.filename',
          'fd.num',
          'evt.is_open_write',
          'fs.path.name',
        ],
        chmod: ['evt.arg.mode', 'evt.arg.filename', 'fs.path.name'],
        rename: ['evt.arg.oldpath', 'evt.arg.newpath', 'fs.path.source', 'fs.path.target'],
        symlink: ['evt.arg.target', 'evt.arg.linkpath'],
        unlink: ['evt.arg.path', 'fs.path.name'],
        dup2: [...socket, 'evt.rawres', 'evt.arg.oldfd'],
        execve: [
          'evt.arg.flags',
          'proc.is_exe_upper_layer',
          'proc.is_exe_from_memfd',
          'proc.exe_ino',
          'proc.env',
        ],
      };
      for (const [type, names] of Object.entries(own)) {
        const asked = [...common, ...names];
        const values = seen(script, type, asked).at(-1) ?? [];
        expect(values, type).toHaveLength(asked.length);
        for (const [index, name] of asked.entries()) {
          const [plain = '', argument] = /^(evt\.arg)\.(\w+)$/.exec(name)?.slice(1) ?? [name];
          expect(field(type, plain, argument), `${name} of ${type}`).toBe('full');
          expect(values[index], `${name} of ${type}`).toBeDefined();
        }
      }
    });

    test.skipIf(cpus().length < 2)('calls on processors that this process may not use are seen too', () => {
      // As with CPUAffinity or CPUQuota of a service: what runs elsewhere must not go unseen.
      const script = `
        import { execFileSync } from 'node:child_process';
        import { BpfSensor } from ${JSON.stringify(new URL('./bpf.ts', import.meta.url).href)};
        const sensor = new BpfSensor({ types: new Set(['openat']), muted: 0 });
        const counts = {};
        for (const cpu of [0, 1]) {
          const path = '/no-such-file-of-picket-' + cpu;
          execFileSync('taskset', ['-c', String(cpu), 'perl', '-e', "sysopen(my $f, '" + path + "', 0) for 1..20"]);
          counts[cpu] = 0;
          sensor.read(1e6, ({ params }) => void (params[2] === path && counts[cpu]++));
        }
        sensor.close();
        process.stdout.write(JSON.stringify(counts));`;
      const args = ['-c', '0', process.execPath, '--input-type=module', '-e', script];
      expect(JSON.parse(execFileSync('taskset', args, { encoding: 'utf8' }))).toEqual({ 0: 20, 1: 20 });
    });

    test('what the kernel had no room for is counted: seen and lost are what was made', () => {
      const small = new BpfSensor({ types: new Set(['openat']), ringBytes: 65_536 });
      try {
        const count = 5000;
        const script = `for (1..${count}) { sysopen(my $f, '/no-such-file-of-picket', 0) }`;
        execFileSync('perl', ['-e', script]);
        let opened = 0;
        small.read(1e6, ({ params }) => {
          if (params[2] === '/no-such-file-of-picket') opened++;
        });
        const lost = small.lost().get('openat') ?? 0;
        expect(lost).toBeGreaterThan(0);
        // Others open files as well, and may be among the lost.
        expect(opened + lost).toBeGreaterThanOrEqual(count);
        expect(opened + lost).toBeLessThan(count * 1.5);
      } finally {
        small.close();
      }
    });
  },
);
