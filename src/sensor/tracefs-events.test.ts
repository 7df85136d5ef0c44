import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SystemState } from '../event/state/system-state.ts';
import { syscallSource } from '../event/syscall-source.ts';
import type { SystemEvent } from '../event/system-event.ts';
import { openEventSensor } from './event-sensor.ts';
import { probeTracefs } from './tracefs/probe.ts';
import { TracefsEvents } from './tracefs-events.ts';

const probe = probeTracefs();

function ask(event: SystemEvent, ...names: string[]): unknown[] {
  return names.map((name) => {
    const get = syscallSource.fields.get(name)?.bind(undefined);
    return typeof get === 'function' ? get(event) : undefined;
  });
}

describe.skipIf(probe.state === 'unavailable')(
  `system events without BPF${probe.state === 'unavailable' ? `: ${probe.details[0]}` : ''}`,
  () => {
    let sensor: TracefsEvents;
    let state: SystemState;
    let folder: string;

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'picket-tracefs-'));
      sensor = new TracefsEvents();
      state = new SystemState({ userName: (uid) => `user${uid}`, groupName: (gid) => `group${gid}` });
      for (const record of sensor.processes) state.seed(record);
    });

    afterAll(() => {
      sensor.close();
      rmSync(folder, { recursive: true });
    });

    /** Runs a program while the sensor is read, and returns what fields say of its events. */
    async function seen(program: string, args: readonly string[], ...fields: string[]): Promise<unknown[][]> {
      sensor.read(1e6, (raw) => void state.apply(raw));
      const child = spawn(program, args, { cwd: folder, stdio: 'ignore' });
      const found: unknown[][] = [];
      const read = () =>
        sensor.read(1e6, (raw) => {
          const event = state.apply(raw);
          if (event.thread.pid === child.pid) found.push(ask(event, 'evt.type', ...fields));
        });
      const timer = setInterval(read, 5);
      await new Promise((resolve) => child.once('exit', resolve));
      await new Promise((resolve) => setTimeout(resolve, 50));
      clearInterval(timer);
      read();
      return found;
    }

    test('a program that is still there is told with its arguments, directory, user and parent', async () => {
      const words = ['-e', 'select(undef, undef, undef, 0.3)', 'with blanks', 'ümlaut'];
      const fields = [
        'proc.name',
        'proc.args',
        'proc.exepath',
        'proc.cwd',
        'user.uid',
        'proc.ppid',
        'evt.res',
      ];
      const found = await seen('perl', words, ...fields);
      expect(found.map(([type]) => type)).toEqual(['execve', 'procexit']);
      expect(found[0]).toEqual([
        'execve',
        'perl',
        words.join(' '),
        expect.stringMatching(/^\/usr\/bin\/perl/),
        `${folder}/`,
        0,
        process.pid,
        'SUCCESS',
      ]);
    });

    test('one that was gone too soon is told by its file', async () => {
      sensor.read(1e6, (raw) => void state.apply(raw));
      const child = spawn('/bin/true', ['unread'], { stdio: 'ignore' });
      await new Promise((resolve) => child.once('exit', resolve));
      await new Promise((resolve) => setTimeout(resolve, 50));
      const found: unknown[][] = [];
      sensor.read(1e6, (raw) => {
        const event = state.apply(raw);
        if (event.typeName === 'execve' && event.thread.pid === child.pid)
          found.push(ask(event, 'proc.name', 'proc.exepath', 'evt.res'));
      });
      expect(found).toEqual([['true', '/bin/true', 'SUCCESS']]);
    });

    test('a connection is told with its ends when it begins', async () => {
      const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as { port: number };
      const script = `use IO::Socket::INET; IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => ${port}) or die;`;
      const found = await seen('perl', ['-e', script], 'fd.sport', 'fd.typechar', 'fd.l4proto', 'evt.res');
      server.close();
      expect(found).toContainEqual(['connect', port, '4', 'tcp', 'EINPROGRESS']);
    });

    test('new processes know who started them, threads whose they are', async () => {
      sensor.read(1e6, (raw) => void state.apply(raw));
      const child = spawn('perl', ['-e', 'my $p = fork; if (!$p) { exit 0 } waitpid($p, 0)'], {
        stdio: 'ignore',
      });
      await new Promise((resolve) => child.once('exit', resolve));
      await new Promise((resolve) => setTimeout(resolve, 50));
      const parents: unknown[] = [];
      sensor.read(1e6, (raw) => {
        const event = state.apply(raw);
        if (event.typeName === 'procexit' && event.thread.ptid === child.pid) parents.push(event.thread.comm);
      });
      expect(parents).toEqual(['perl']);
    });

    test('nothing is left behind, and what is lost is counted', () => {
      const small = new TracefsEvents({ bufferKbPerCpu: 64 });
      const before = small.lost();
      small.close();
      small.close();
      expect(before).toEqual(new Map());
      expect(small.lost()).toEqual(new Map());
    });

    test('it is opened where it is asked for', () => {
      const { sensor: opened, insteadBecause } = openEventSensor({ types: new Set(), kind: 'tracefs' });
      opened.close();
      expect([opened.kind, insteadBecause]).toEqual(['tracefs', undefined]);
    });
  },
);
