import { expect, test } from 'vitest';
import { eventTypes, parametersOf } from '../../event/event-types.ts';
import type { RawEvent, ThreadRecord } from '../../event/raw-event.ts';
import { canDecodeEvent, EventRecordDecoder } from './event-records.ts';
import { layout, PageWriter, page64, recordOf } from './page.fixture.ts';
import { PageReader } from './ring-buffer.ts';

const exec = layout('sched_process_exec', 3, [
  ['__data_loc char[] filename', 4],
  ['pid_t pid', 4],
  ['pid_t old_pid', 4],
]);
const newTask = layout('task_newtask', 6, [
  ['pid_t pid', 4],
  ['char comm[16]', 16],
  ['u64 clone_flags', 8],
]);
const at = 1_000_000_000n;
const shell: ThreadRecord = {
  ...{
    tid: 7,
    pid: 7,
    ptid: 1,
    comm: 'sh',
    exe: 'sh',
    exepath: '/usr/bin/dash',
    args: ['-c', 'x'],
    cwd: '/tmp',
  },
  ...{ uid: 5, gid: 6, startTime: at - 5n, descriptors: [], cgroups: ['cgroup=/a'], tty: 3 },
};

/** The event of one record, made when the trace clock stood at one second. */
function decoded(bytes: Uint8Array, process?: ThreadRecord, muted = 0): RawEvent | undefined {
  const decoder = new EventRecordDecoder([exec, newTask], { epochOffset: 0n, muted, process: () => process });
  const page = new PageReader(page64);
  page.bytes.set(new PageWriter(at).record(0, bytes).finish());
  page.load(page64.size);
  expect(page.next()).toBe(true);
  const event = decoder.decode(page);
  if (event === undefined && muted === 0) expect(decoder.undecodable).toBe(1);
  return event;
}

function named({ type, params }: RawEvent): Record<string, unknown> {
  const text = (value: unknown) => (value instanceof Uint8Array ? new TextDecoder().decode(value) : value);
  const pairs = parametersOf(type).map(({ name }, index) => [name, text(params[index])] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

const started = (filename: string) => recordOf(exec, { common_pid: 7, filename, pid: 7, old_pid: 7 });

test('a start is told with what /proc still knows', () => {
  const event = decoded(started('/bin/sh'), shell) as RawEvent;
  expect([eventTypes[event.type], event.tid, event.time]).toEqual(['execve', 7, at]);
  expect(named(event)).toMatchObject({
    ...{
      comm: 'sh',
      exe: 'sh',
      args: '-c\0x\0',
      cwd: '/tmp',
      ptid: 1,
      uid: 5,
      tty: 3,
      cgroups: 'cgroup=/a\0',
    },
    ...{ trusted_exepath: '/usr/bin/dash', filename: '/bin/sh' },
  });
});

test('of a process that has gone on to another program, that program is not told', () => {
  const told = named(decoded(started('/usr/bin/env'), shell) as RawEvent);
  expect(told).toMatchObject({ comm: 'env', exe: '/usr/bin/env', cwd: '/tmp', uid: 5 });
  expect(told).not.toHaveProperty('args');
  expect(told).not.toHaveProperty('trusted_exepath');
});

test.each([
  ['one that is gone', undefined],
  ['one that began after it', { ...shell, startTime: at + 100_000_000n }],
])('of %s nothing but the record is told', (_, process) => {
  expect(named(decoded(started('/opt/a-very-long-name-of-a-program'), process) as RawEvent)).toEqual({
    ...{ res: 0, tid: 7, pid: 7, comm: 'a-very-long-nam' },
    ...{ exe: '/opt/a-very-long-name-of-a-program', filename: '/opt/a-very-long-name-of-a-program' },
  });
});

test('a new thread is told from a new process', () => {
  const flags = (clone: number) =>
    named(
      decoded(
        recordOf(newTask, { common_pid: 7, pid: 8, comm: 'x', clone_flags: BigInt(clone) }),
      ) as RawEvent,
    );
  // CLONE_THREAD and CLONE_FILES (linux/sched.h), as events number them.
  expect(flags(0x10400)).toEqual({ res: 8, flags: (1 << 13) | 1 });
  expect(flags(17)).toEqual({ res: 8, flags: 0 });
});

test('what is too short is counted, and what a muted process does is left out', () => {
  expect(decoded(started('').subarray(0, 12))).toBeUndefined();
  expect(decoded(started('/bin/sh'), shell, 7)).toBeUndefined();
  expect(canDecodeEvent(layout('sched_process_exec', 3, [['pid_t pid', 4]]))).toBe(false);
});
