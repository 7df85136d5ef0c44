import { spawnSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventTypes } from '../../src/event/event-types.ts';
import { SystemState } from '../../src/event/state/system-state.ts';
import { syscallSource } from '../../src/event/syscall-source.ts';
import type { SystemEvent } from '../../src/event/system-event.ts';
import { fileText } from '../../src/manifest/embedded.ts';
import { RuleEngine } from '../../src/rules/engine.ts';
import type { RuleAlert } from '../../src/rules/format/alert.ts';
import { loadRules } from '../../src/rules/load/load.ts';
import { BpfSensor, bpfTypes, probeBpf } from '../../src/sensor/bpf.ts';
import { sleep, temporaryFolder } from '../harness.ts';

const probe = probeBpf();
const skip = probe.state === 'available' ? undefined : probe.details[0];

/** About what happens in one folder. */
const correlations = (folder: string) => `
- macro: written
  condition: (evt.type in (open, openat, creat) and evt.is_open_write = true and fd.name startswith ${folder}/)
- macro: secret_read
  condition: (evt.type in (open, openat) and evt.is_open_read = true and fd.name = ${folder}/secret)
- correlation: Copied program reads the secret
  desc: d
  sequence:
    steps:
      - name: copy
        condition: written
      - name: start
        condition: evt.type in (execve, execveat) and evt.res = SUCCESS
        where: proc.exepath = val(copy.fd.name)
      - name: read
        condition: secret_read
        where: proc.pid = val(start.proc.pid)
  within: 1m
  output: file=%copy.fd.name by=%copy.proc.name run=%start.proc.cmdline read=%fd.name
  priority: WARNING
- correlation: Many files of one process
  desc: d
  count: {condition: written, by: [proc.pid], distinct: fd.name, at_least: 5}
  within: 30s
  output: "%proc.name wrote %correlation.count files"
  priority: NOTICE
- correlation: Secret was read and stays
  desc: d
  absence: {after: secret_read, condition: "evt.type in (unlink, unlinkat) and fs.path.name = ${folder}/secret"}
  within: 300ms
  output: "%proc.name read it"
  priority: NOTICE
`;

test.skipIf(skip)(
  `real programs complete a sequence, a count and an absence, each told once${skip ? `: ${skip}` : ''}`,
  { timeout: 60_000 },
  async () => {
    using folder = temporaryFolder();
    const { path } = folder;
    const loaded = loadRules([fileText('correlations.yaml', correlations(path))], {
      sources: new Map([['syscall', syscallSource as never]]),
    });
    expect(loaded.findings.map(({ message }) => message)).toEqual([]);
    const engine = new RuleEngine<SystemEvent>(loaded, syscallSource, {
      timeOf: ({ raw }) => raw.time,
      hostname: 'here',
      matching: 'first',
    });
    const given = eventTypes.flatMap((name, type) => (bpfTypes.has(name) ? [type] : []));
    expect(engine.unseen(given)).toEqual([]);
    const state = new SystemState({ userName: () => undefined, groupName: () => undefined });
    const alerts: RuleAlert[] = [];
    // Neither the copy nor the text is seen: they are there before.
    writeFileSync(join(path, 'secret'), 'x');
    copyFileSync('/bin/cat', join(path, 'known'));
    const sensor = new BpfSensor({ types: new Set(eventTypes.filter((_, type) => engine.isAsked(type))) });
    try {
      for (const record of sensor.processes) state.seed(record);
      const run = (program: string, ...args: string[]) =>
        expect(spawnSync(program, args, { stdio: 'ignore' }).status, program).toBe(0);
      run('chmod', '755', join(path, 'known'));
      run(join(path, 'known'), '/dev/null');
      run('cp', '/bin/cat', join(path, 'copy'));
      run(join(path, 'copy'), join(path, 'secret'));
      run('sh', '-c', `for i in 1 2 3 4 5 6; do : > ${path}/$i; done`);
      await sleep(500);
      const now = BigInt(Date.now()) * 1_000_000n;
      while (sensor.read(10_000, (raw) => alerts.push(...engine.take(state.apply(raw)))) > 0);
      alerts.push(...engine.tick(now));
      expect(sensor.lost()).toEqual(new Map());
    } finally {
      sensor.close();
    }
    expect(alerts.map(({ rule, message }) => `${rule.name}: ${message}`).toSorted()).toEqual([
      `Copied program reads the secret: file=${path}/copy by=cp run=copy ${path}/secret read=${path}/secret`,
      'Many files of one process: sh wrote 5 files',
      'Secret was read and stays: copy read it',
    ]);
    expect(engine.suppressed()).toEqual(new Map([['Many files of one process', 1]]));
  },
);
