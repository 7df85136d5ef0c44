import { expect, test } from 'vitest';
import { eventTypeNumber } from '../event-types.ts';
import type { ThreadRecord } from '../raw-event.ts';
import type { RecordingItem } from './item.ts';
import { RecordedMachine } from './recorded-machine.ts';

const thread = (comm: string): RecordingItem => ({
  kind: 'thread',
  thread: {
    tid: 7,
    pid: 7,
    ptid: 1,
    comm,
    exe: comm,
    args: [],
    cwd: '/',
    uid: 0,
    gid: 0,
    descriptors: [],
  } as ThreadRecord,
});
const start = (id: string, segment: number): RecordingItem => ({
  kind: 'start',
  start: { id, segment, hostname: id, time: 0n, writer: 'test' },
});
const close: RecordingItem = {
  kind: 'event',
  number: 1,
  raw: { type: eventTypeNumber('close') as number, time: 1n, cpu: 0, tid: 7, params: [0, 3] },
};
const end: RecordingItem = { kind: 'end' };
const fault: RecordingItem = { kind: 'fault', offset: 0, message: 'damaged' };

/** The name of the process at each event. */
function names(...items: RecordingItem[]): (string | undefined)[] {
  const machine = new RecordedMachine();
  return items.flatMap((item) => {
    const event = machine.take(item);
    return event === undefined ? [] : [event.thread.comm];
  });
}

test('a segment that goes on where the one before ended keeps what is known', () => {
  expect(names(start('a', 0), thread('old'), close, end, start('a', 1), thread('new'), close)).toEqual([
    'old',
    'old',
  ]);
});

test('a segment of another recording, behind a gap or behind damage begins with what it says', () => {
  const first = [start('a', 0), thread('old'), close];
  expect(names(...first, end, start('b', 1), thread('new'), close)).toEqual(['old', 'new']);
  expect(names(...first, end, start('a', 2), thread('new'), close)).toEqual(['old', 'new']);
  expect(names(...first, fault, end, start('a', 1), thread('new'), close)).toEqual(['old', 'new']);
  expect(names(...first, end, start('b', 1), close)).toEqual(['old', '']);
});

test('what comes to be known within a segment holds from there on', () => {
  expect(names(start('a', 0), close, thread('late'), close)).toEqual(['', 'late']);
});

test('names of users, groups, containers and the machine', () => {
  const machine = new RecordedMachine();
  for (const item of [
    start('a', 0),
    { kind: 'account', account: { kind: 'user', id: 5, name: 'ann' } },
    { kind: 'account', account: { kind: 'group', id: 5, name: 'staff' } },
    { kind: 'container', container: { id: 'abc', image: 'nginx' } },
  ] as const)
    machine.take(item);
  const { surroundings } = machine.take(close)!.processes;
  expect([surroundings.userName(5), surroundings.groupName(5), surroundings.hostname]).toEqual([
    'ann',
    'staff',
    'a',
  ]);
  expect(surroundings.container?.('abc')).toEqual({ id: 'abc', image: 'nginx' });
  expect(surroundings.userName(6)).toBeUndefined();
});
