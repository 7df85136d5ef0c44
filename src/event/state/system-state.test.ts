import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../net/address.ts';
import { eventTypeNumber, parametersOf } from '../event-types.ts';
import type { RawValue, ThreadRecord } from '../raw-event.ts';
import { syscallSource } from '../syscall-source.ts';
import type { SystemEvent } from '../system-event.ts';
import { SystemState } from './system-state.ts';

const names = { userName: (uid: number) => (uid === 0 ? 'root' : undefined), groupName: () => undefined };

function seeded(...more: Partial<ThreadRecord>[]): SystemState {
  const state = new SystemState(names);
  const shell = {
    tid: 7,
    pid: 7,
    ptid: 1,
    comm: 'sh',
    exe: '/bin/sh',
    args: ['-c', 'x'],
    cwd: '/home/a',
    uid: 0,
    gid: 0,
    descriptors: [],
  };
  for (const one of [{}, ...more]) state.seed({ ...shell, ...one });
  return state;
}

function happen(state: SystemState, name: string, values: Record<string, RawValue>, tid = 7): SystemEvent {
  const type = eventTypeNumber(name) as number;
  return state.apply({
    type,
    time: 5_000_000_000n,
    cpu: 0,
    tid,
    params: parametersOf(type).map((one) => values[one.name]),
  });
}

function field(event: SystemEvent, name: string, argument?: string): unknown {
  const bound = syscallSource.fields.get(name)?.bind(argument);
  return typeof bound === 'function' ? bound(event) : bound;
}

const inet = (from: string, to: string): RawValue => {
  const end = (text: string) => {
    const [host = '', port] = text.split(' ');
    return { address: parseAddress(host)!, port: Number(port) };
  };
  return { kind: 'inet', source: end(from), destination: end(to) };
};

describe('descriptors', () => {
  test('a file by its whole path, until it is closed', () => {
    const state = seeded();
    const opened = happen(state, 'openat', { fd: 3, dirfd: -100, name: '../b/./c.txt', flags: 1 });
    expect(
      ['fd.name', 'fd.nameraw', 'fd.directory', 'fd.filename', 'fd.typechar'].map((name) =>
        field(opened, name),
      ),
    ).toEqual(['/home/b/c.txt', '../b/./c.txt', '/home/b', 'c.txt', 'f']);
    expect(field(happen(state, 'close', { res: 0, fd: 3 }), 'fd.name')).toBe('/home/b/c.txt');
    expect(field(happen(state, 'read', { res: 0, fd: 3 }), 'fd.name')).toBeUndefined();
  });

  test('below an opened directory', () => {
    const state = seeded();
    happen(state, 'open', { fd: 5, name: '/srv', flags: 1 << 10 });
    expect(field(happen(state, 'openat', { fd: 6, dirfd: 5, name: 'x', flags: 1 }), 'fd.name')).toBe(
      '/srv/x',
    );
    expect(field(happen(state, 'unlinkat', { res: 0, dirfd: 5, name: 'y', flags: 0 }), 'fs.path.name')).toBe(
      '/srv/y',
    );
  });

  test('a file that could not be opened has its name', () => {
    const event = happen(seeded(), 'open', { fd: -2, name: '/etc/shadow', flags: 1 });
    expect([field(event, 'fd.name'), field(event, 'fd.num'), field(event, 'evt.res')]).toEqual([
      '/etc/shadow',
      -1,
      'ENOENT',
    ]);
  });

  test('a connection has a client and a server, and the own end', () => {
    const state = seeded();
    happen(state, 'socket', { fd: 4, domain: 2, type: 1, proto: 0 });
    const out = happen(state, 'connect', {
      res: -115,
      fd: 4,
      tuple: inet('198.51.100.7 4000', '203.0.113.9 443'),
    });
    expect(
      ['fd.name', 'fd.sport', 'fd.lport', 'fd.rport', 'fd.l4proto', 'fd.connected', 'fd.is_server'].map(
        (name) => field(out, name),
      ),
    ).toEqual(['198.51.100.7:4000->203.0.113.9:443', 443, 4000, 443, 'tcp', true, false]);
    const taken = happen(state, 'accept4', { fd: 9, tuple: inet('203.0.113.9 5000', '198.51.100.7 80') });
    expect(['fd.cport', 'fd.sport', 'fd.lport', 'fd.rport'].map((name) => field(taken, name))).toEqual([
      5000, 80, 80, 5000,
    ]);
    expect(
      field(
        happen(state, 'connect', { res: -111, fd: 4, tuple: inet('198.51.100.7 1', '203.0.113.9 2') }),
        'fd.connected',
      ),
    ).toBe(false);
  });

  test('a datagram is told from its sender; client and server stay', () => {
    const state = seeded();
    happen(state, 'socket', { fd: 4, domain: 2, type: 2, proto: 0 });
    happen(state, 'sendto', { res: 5, fd: 4, tuple: inet('198.51.100.7 4000', '203.0.113.53 53') });
    const answer = happen(state, 'recvfrom', {
      res: 5,
      fd: 4,
      tuple: inet('203.0.113.53 53', '198.51.100.7 4000'),
    });
    expect([field(answer, 'fd.cport'), field(answer, 'fd.sport')]).toEqual([4000, 53]);
  });

  test('a copy is the same', () => {
    const state = seeded();
    happen(state, 'open', { fd: 3, name: '/a', flags: 1 });
    expect(field(happen(state, 'dup2', { res: 9, oldfd: 3, newfd: 9 }), 'fd.name')).toBe('/a');
  });
});

describe('processes', () => {
  const args = (...words: string[]) => new TextEncoder().encode(words.map((word) => `${word}\0`).join(''));

  test('a child has what its parent has, and then its own program', () => {
    const state = seeded({ tid: 1, pid: 1, ptid: 0, comm: 'init', exe: '/sbin/init' });
    happen(state, 'open', { fd: 3, name: '/a', flags: 1 });
    happen(state, 'clone', { res: 20, flags: 0 });
    happen(state, 'clone', { res: 0, pid: 20, ptid: 7, flags: 0, vpid: 2 }, 20);
    const event = happen(
      state,
      'execve',
      {
        res: 0,
        exe: 'cat',
        comm: 'cat',
        args: args('/etc/passwd'),
        filename: '/bin/cat',
        cwd: '/tmp/',
        flags: 2,
      },
      20,
    );
    const shown = [
      'proc.name',
      'proc.pname',
      'proc.exepath',
      'proc.cmdline',
      'proc.cwd',
      'proc.is_exe_upper_layer',
      'proc.vpid',
    ].map((name) => field(event, name));
    expect(shown).toEqual(['cat', 'sh', '/bin/cat', 'cat /etc/passwd', '/tmp/', true, 2]);
    expect(field(event, 'proc.aname', '2')).toBe('init');
    expect(field(event, 'proc.aname')).toEqual(['sh', 'init']);
    expect(field(happen(state, 'read', { res: 0, fd: 3 }, 20), 'fd.name')).toBe('/a');
    expect(field(happen(state, 'read', { res: 0, fd: 3 }), 'proc.name')).toBe('sh');
  });

  test('threads share what is open; processes do not', () => {
    const state = seeded();
    happen(state, 'clone', { res: 21, flags: (1 << 13) | 1 });
    happen(state, 'open', { fd: 3, name: '/shared', flags: 1 }, 21);
    expect(field(happen(state, 'read', { res: 0, fd: 3 }), 'fd.name')).toBe('/shared');
    happen(state, 'fork', { res: 22, flags: 0 });
    happen(state, 'open', { fd: 4, name: '/own', flags: 1 }, 22);
    expect(field(happen(state, 'read', { res: 0, fd: 4 }), 'fd.name')).toBeUndefined();
  });

  test('a program that could not be started changes nothing', () => {
    const state = seeded();
    expect(field(happen(state, 'execve', { res: -2, comm: 'x', filename: '/x' }), 'proc.name')).toBe('sh');
  });

  test('directory and user follow the calls', () => {
    const state = seeded();
    expect(field(happen(state, 'chdir', { res: 0, path: '../b' }), 'proc.cwd')).toBe('/home/b/');
    happen(state, 'setuid', { res: 0, uid: 1000 });
    expect(field(happen(state, 'getpid', { res: 7 }), 'user.uid')).toBe(1000);
  });

  test('a process that ended is gone after its end', () => {
    const state = seeded();
    expect(field(happen(state, 'procexit', { status: 0 }), 'proc.name')).toBe('sh');
    expect(field(happen(state, 'getpid', { res: 7 }), 'proc.name')).toBeUndefined();
    expect(state.unknownThreads).toBe(1);
  });
});

describe('bounds', () => {
  test('the oldest threads and descriptors are pushed out, and counted', () => {
    const state = new SystemState(names, { threads: 10, descriptors: 5 });
    for (let tid = 1; tid <= 100; tid++) happen(state, 'getpid', { res: tid }, tid);
    expect([state.threadCount, state.evictedThreads]).toEqual([10, 90]);
    for (let fd = 3; fd < 23; fd++) happen(state, 'open', { fd, name: '/a', flags: 1 }, 100);
    expect(state.evictedDescriptors).toBe(15);
  });

  test('a loop among parents ends', () => {
    const state = seeded({ tid: 8, pid: 8, ptid: 9, comm: 'a' }, { tid: 9, pid: 9, ptid: 8, comm: 'b' });
    expect(field(happen(state, 'getpid', { res: 8 }, 8), 'proc.aname')).toHaveLength(100);
  });
});
