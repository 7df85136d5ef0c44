import { describe, expect, test } from 'vitest';
import type { Process } from '../../flow/flow.ts';
import { TaskTable } from './tasks.ts';

/** A /proc of what is put into it; counts how often it is asked. */
function fakeProc() {
  const running = new Map<number, { process: Process; start: number }>();
  const source = {
    asked: 0,
    startOf: (tid: number) => running.get(tid)?.start,
    readProcess(tid: number) {
      source.asked++;
      return running.get(tid)?.process;
    },
  };
  const run = (tid: number, comm: string, start = 0, pid = tid): void => {
    running.set(tid, { process: { pid, comm, command: `${comm} --run` }, start });
  };
  return { running, source, run };
}

describe('the task table', () => {
  test('a thread that opens something is looked up once and told in each batch where it does', () => {
    const { source, run } = fakeProc();
    run(11, 'nginx', 0, 10);
    const tasks = new TaskTable(100, source);
    tasks.opened(11, 1000);
    tasks.opened(11, 1001);
    const expected = [{ tid: 11, process: { pid: 10, comm: 'nginx', command: 'nginx --run' } }];
    expect(tasks.take()).toEqual(expected);
    expect(tasks.take()).toEqual([]);
    tasks.opened(11, 2000);
    expect(tasks.take()).toEqual(expected);
    expect(source.asked).toBe(1);
  });

  test('a process that is gone is known by its exec record, else by its fork record, else not', () => {
    const tasks = new TaskTable(100, fakeProc().source);
    tasks.forked(20, 'bash');
    tasks.opened(20, 1000);
    tasks.executed(20, 20, '/usr/bin/a-rather-long-name\u001b', 1001);
    tasks.opened(20, 1002);
    tasks.opened(21, 1003);
    expect(tasks.take()).toEqual([
      { tid: 20, process: { pid: 20, comm: 'bash' } },
      { tid: 20, process: { pid: 20, comm: 'a-rather-long-n' } },
    ]);
  });

  test('a program is looked up right after its exec, so that it may be gone when it connects', () => {
    const { running, source, run } = fakeProc();
    const tasks = new TaskTable(100, source);
    run(30, 'curl', 990);
    tasks.executed(30, 30, '/usr/bin/curl', 1000);
    tasks.lookAhead();
    running.clear();
    tasks.opened(30, 1010);
    expect(tasks.take()[0]!.process.command).toBe('curl --run');
  });

  test('exec and exit end what was known; a number given away again is another process', () => {
    const { source, run } = fakeProc();
    const tasks = new TaskTable(100, source);
    run(40, 'sh');
    tasks.opened(40, 1000);
    run(40, 'wget');
    tasks.executed(40, 40, '/usr/bin/wget', 1001);
    tasks.opened(40, 1002);
    tasks.exited(40);
    run(40, 'other', 1500);
    tasks.opened(40, 1600);
    expect(tasks.take().map(({ process }) => process.comm)).toEqual(['sh', 'wget', 'other']);
  });

  test('a process that began after the record is not the one that made it', () => {
    const { source, run } = fakeProc();
    const tasks = new TaskTable(100, source);
    tasks.executed(50, 50, '/usr/bin/real', 1000);
    run(50, 'imposter', 1200);
    tasks.opened(50, 1001);
    expect(tasks.take()).toEqual([{ tid: 50, process: { pid: 50, comm: 'real' } }]);
  });

  test('a thread’s exec takes the number of the group’s leader', () => {
    const tasks = new TaskTable(100, fakeProc().source);
    tasks.forked(61, 'worker');
    tasks.executed(60, 61, '/bin/new', 1000);
    tasks.opened(61, 1001);
    tasks.opened(60, 1002);
    expect(tasks.take()).toEqual([{ tid: 60, process: { pid: 60, comm: 'new' } }]);
  });

  test('the table is bounded: the task unused for longest goes first', () => {
    const { source, run } = fakeProc();
    const tasks = new TaskTable(3, source);
    for (let tid = 1; tid <= 3; tid++) {
      run(tid, `t${tid}`);
      tasks.opened(tid, 1000);
    }
    tasks.take();
    tasks.opened(1, 1001);
    run(4, 't4');
    tasks.opened(4, 1002);
    expect(tasks.size).toBe(3);
    const asked = source.asked;
    tasks.take();
    tasks.opened(1, 1003);
    expect(source.asked).toBe(asked);
    tasks.opened(2, 1004);
    expect(source.asked).toBe(asked + 1);
    for (let tid = 100; tid < 10_000; tid++) tasks.forked(tid, 'x');
    expect(tasks.size).toBe(3);
  });

  test('after a loss nothing is presumed', () => {
    const { source, run } = fakeProc();
    const tasks = new TaskTable(100, source);
    run(70, 'before');
    tasks.opened(70, 1000);
    tasks.clear();
    run(70, 'after');
    tasks.opened(70, 1001);
    expect(tasks.take().map(({ process }) => process.comm)).toEqual(['before', 'after']);
  });
});
