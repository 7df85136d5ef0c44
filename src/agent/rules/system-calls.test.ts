import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RecordedMachine } from '../../event/recording/recorded-machine.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import { fileText } from '../../manifest/embedded.ts';
import type { RuleAlert } from '../../rules/format/alert.ts';
import { loadRules } from '../../rules/load/load.ts';
import { withStaticFields } from '../../rules/settings/settings-source.ts';
import { probeBpf } from '../../sensor/bpf.ts';
import { readRecordingFile } from '../../store/recording/read-file.ts';
import { minRecordingBytes } from '../../store/recording/recording-file.ts';
import type { AskedSet } from './asked-set.ts';
import type { RecordRequest, WorkerSetup } from './system-calls/messages.ts';
import { SystemCallRules } from './system-calls.ts';

const probe = probeBpf();
const skip = probe.state === 'available' ? undefined : probe.details[0];

const marker = 'picket-bait-of-system-calls';
const text = `
- rule: Bait
  desc: d
  condition: evt.type in (open, openat) and fd.name endswith ${marker}
  output: "%proc.name looks for %fd.name in %static.site"
  priority: WARNING
`;

/** Alerts and warnings as they come. */
class Seen {
  readonly alerts: RuleAlert[] = [];
  readonly warnings: string[] = [];
  alert = (alert: RuleAlert): void => void this.alerts.push(alert);
  warn = (warning: string): void => void this.warnings.push(warning);
}

let open: SystemCallRules | undefined;

afterEach(async () => {
  await open?.stop();
});

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 1500) throw new Error('not within 15 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The rules of a text; they know the field `static.site`. */
function setOf(rulesText: string): Pick<AskedSet, 'rules' | 'correlations' | 'staticFields'> {
  const staticFields = new Map([['site', 'edge-7']]);
  const source = withStaticFields(syscallSource, staticFields);
  const { rules, correlations, diagnostics } = loadRules([fileText('bait.yaml', rulesText)], {
    sources: new Map([['syscall', source]]),
  });
  expect(diagnostics).toEqual([]);
  return { rules, correlations, staticFields };
}

async function start(
  seen: Seen,
  more: {
    readonly ringBytes?: number;
    readonly matching?: 'all';
    readonly record?: RecordRequest;
    readonly staticFields?: Map<string, string>;
  } = {},
) {
  const setup = {
    ...setOf(text),
    matching: 'first',
    hostname: 'edge',
    sensor: 'bpf',
    bytesAsBase64: false,
  } as const;
  open = await SystemCallRules.open({ ...setup, ...more }, seen);
  return open;
}

describe.skipIf(skip)(`rules on system calls, in a thread of their own${skip ? `: ${skip}` : ''}`, () => {
  test('what happens from the start on is asked, and what waits at the end too', async () => {
    const seen = new Seen();
    const rules = await start(seen);
    expect(rules.status()).toMatchObject({ id: 'syscall', state: 'running', rules: 1, lost: 0 });
    execFileSync('perl', ['-e', `sysopen(F, '/tmp/${marker}', 0) for 1..100`]);
    await rules.stop();
    expect(seen.alerts).toHaveLength(100);
    expect(seen.alerts[0]).toMatchObject({
      rule: { name: 'Bait', priority: 'Warning', source: 'syscall', tags: [] },
      hostname: 'edge',
      message: `perl looks for /tmp/${marker} in edge-7`,
    });
    expect(seen.alerts[0]).not.toHaveProperty('lost');
    expect(rules.status().events).toBeGreaterThanOrEqual(100);
    expect(seen.warnings).toEqual([]);
  });

  test('what is recorded says the same again, from before the first rule was asked', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'picket-record-'));
    try {
      const seen = new Seen();
      const path = join(folder, 'a.picket');
      const rules = await start(seen, { record: { path, maxBytes: minRecordingBytes } });
      execFileSync('perl', ['-e', `sysopen(F, '/tmp/${marker}', 0) for 1..100; rmdir '/tmp/${marker}.none'`]);
      await rules.stop();
      const { recording, events } = rules.status();
      expect(recording).toMatchObject({ path, events, lost: 0, errors: 0 });
      const machine = new RecordedMachine();
      const messages: string[] = [];
      const types = new Set<string>();
      for (const item of readRecordingFile(path)) {
        expect(item.kind).not.toBe('fault');
        const event = machine.take(item);
        if (event === undefined) continue;
        const { typeName, thread, descriptor } = event;
        if (descriptor?.name.endsWith(marker))
          messages.push(`${thread.comm} looks for ${descriptor.name} in edge-7`);
        if (thread.comm === 'perl') types.add(typeName);
      }
      expect(messages).toEqual(seen.alerts.map(({ message }) => message));
      expect(messages).toHaveLength(100);
      // Of no rule, and recorded all the same.
      expect([...types]).toEqual(expect.arrayContaining(['execve', 'rmdir', 'procexit']));
      expect(machine.start).toMatchObject({ hostname: 'edge', segment: 0 });
      expect(machine.thread(1)?.comm).not.toBe('');
      expect(seen.warnings).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('where nothing can be recorded it does not begin', async () => {
    await expect(
      start(new Seen(), { record: { path: '/nowhere/a', maxBytes: minRecordingBytes } }),
    ).rejects.toThrow(/there is no folder \/nowhere/);
  });

  test('other rules are asked without a gap: every event is asked of the old or of the new ones, and of both never', async () => {
    const seen = new Seen();
    const rules = await start(seen);
    const total = 30_000;
    const words = `sysopen(F, "/tmp/$_-${marker}", 0), select(undef, undef, undef, $_ % 40 == 0 ? 0.004 : 0) for 1..${total}`;
    const child = spawn('perl', ['-e', words], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    const names = ['Second', 'Third', 'Fourth'];
    for (const [index, name] of names.entries()) {
      await until(() => seen.alerts.length > ((index + 1) * total) / 8);
      // Each wants other types of events than the one before, so that other programs go into the kernel.
      const asked = `${text.replace('rule: Bait', `rule: ${name}`)}
- rule: Other
  desc: d
  condition: evt.type in (${index % 2 === 0 ? 'mkdir, connect' : 'chmod'}) and proc.name = nobody
  output: o
  priority: NOTICE
`;
      await rules.replace({ ...setOf(asked), matching: 'first', bytesAsBase64: false });
    }
    await exited;
    await rules.stop();
    const told = seen.alerts.map(({ message }) => Number(/(\d+)-/.exec(message)?.[1]));
    expect(rules.status()).toMatchObject({ rules: 2, lost: 0 });
    expect(told.length).toBe(total);
    expect(new Set(told).size).toBe(total);
    const order = seen.alerts.map(({ rule }) => rule.name).filter((name, at, all) => name !== all[at - 1]);
    expect(order).toEqual(['Bait', ...names]);
    // What processes are is known on.
    expect(seen.alerts.at(-1)?.message).toMatch(/^perl looks for/);
  });

  test('rules that want what the machine does not let leave those before in force', async () => {
    const seen = new Seen();
    const rules = await start(seen);
    await expect(
      rules.replace({
        ...setOf(text.replace('%proc.name', '%proc.pname')),
        rules: [{ name: 'broken', source: 'syscall', enabled: true } as never],
        matching: 'first',
        bytesAsBase64: false,
      }),
    ).rejects.toThrow();
    execFileSync('perl', ['-e', `sysopen(F, '/tmp/${marker}', 0)`]);
    await rules.stop();
    expect(seen.alerts).toHaveLength(1);
  });

  test('stopping twice is stopping once', async () => {
    const rules = await start(new Seen());
    await Promise.all([rules.stop(), rules.stop()]);
    expect(rules.status().state).toBe('running');
  });

  test('a consumer that takes no alerts holds up the reading, not the memory; what is lost is told with the alerts', async () => {
    const seen = new Seen();
    const rules = await start(seen, { ringBytes: 65_536 });
    const total = 20_000;
    const child = spawn('perl', ['-e', `sysopen(F, '/tmp/${marker}', 0) for 1..${total}`]);
    // This thread does nothing else for a while: no batch is acknowledged.
    const [code] = await once(child, 'exit').then((exit) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      return exit as [number];
    });
    expect(code).toBe(0);
    await rules.stop();
    const { lost } = rules.status();
    expect(lost).toBeGreaterThan(0);
    expect(seen.warnings.join('\n')).toMatch(/the kernel had no room for events: .*openat \d+/);
    expect(seen.alerts.length).toBeGreaterThan(0);
    expect(seen.alerts.length + lost).toBeGreaterThanOrEqual(total);
    expect(seen.alerts.at(-1)?.lost).toBeGreaterThan(0);
  });

  test('rules that ask for the name of a machine know it by its addresses', async () => {
    const seen = new Seen();
    const rules = await start(seen);
    const named = (name: string) => `
- rule: ${name}
  desc: d
  condition: evt.type = connect and fd.sip.name = ${name} and proc.cmdline contains ${marker}
  output: "%fd.sip.name"
  priority: WARNING
`;
    const asked = setOf(named('localhost') + named('elsewhere.invalid'));
    await rules.replace({ ...asked, matching: 'all', bytesAsBase64: false });
    const script = `use IO::Socket::INET; IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => 1);`;
    await vi.waitFor(
      () => {
        execFileSync('perl', ['-e', script, marker]);
        expect(seen.alerts.length).toBeGreaterThan(0);
      },
      { timeout: 10_000, interval: 200 },
    );
    await rules.stop();
    expect(new Set(seen.alerts.map(({ rule, message }) => `${rule.name}: ${message}`))).toEqual(
      new Set(['localhost: localhost']),
    );
  });

  test('a storm of alerts leaves this thread time for all else', { timeout: 60_000 }, async () => {
    const seen = new Seen();
    // What is taken in one go: when it began, when it ended. The next turn of the loop begins another.
    const takings: { begun: number; ended: number }[] = [];
    let isTaking = false;
    seen.alert = (alert) => {
      const begun = performance.now();
      if (!isTaking) {
        isTaking = true;
        takings.push({ begun, ended: begun });
        setImmediate(() => {
          isTaking = false;
        });
      }
      // As long as an alert takes on its way through outputs and store.
      for (const end = begun + 0.2; performance.now() < end; );
      seen.alerts.push(alert);
      takings.at(-1)!.ended = performance.now();
    };
    const rules = await start(seen);
    const child = spawn('perl', ['-e', `sysopen(F, '/tmp/${marker}', 0) for 1..20000`]);
    await once(child, 'exit');
    await vi.waitFor(() => expect(seen.alerts.length).toBeGreaterThan(5_000), { timeout: 20_000 });
    // What is left at the end comes at once.
    const whole = takings.slice();
    await rules.stop();
    expect(seen.alerts.length + rules.status().lost).toBeGreaterThanOrEqual(20_000);
    expect(whole.length).toBeGreaterThan(5);
    // Three batches may be under way: by the time of any other, all before those have taken half of the time at most.
    let busy = 0;
    for (let at = 3; at < whole.length; at++) {
      const before = whole[at - 3]!;
      busy += before.ended - before.begun;
      // A timer may come a millisecond early; where others take the processor, what is measured here and there differs a little.
      expect(whole[at]!.begun - whole[0]!.begun + at).toBeGreaterThanOrEqual(1.9 * busy);
    }
  });

  test('a thread that fails is told, and leaves no programs in the kernel', async () => {
    const seen = new Seen();
    const links = () => readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).includes('bpf')).length;
    const before = links();
    // A value that cannot be printed: no configuration has one.
    const rules = await start(seen, { staticFields: new Map([['site', null as unknown as string]]) });
    expect(links()).toBeGreaterThan(before);
    execFileSync('perl', ['-e', `sysopen(F, '/tmp/${marker}', 0)`]);
    await vi.waitFor(() => expect(rules.status().state).toBe('failed'), { timeout: 5_000 });
    expect(seen.warnings.join()).toMatch(/rules on system calls are no longer asked/);
    await rules.stop();
    expect(links()).toBe(before);
  });
});

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

test('a machine that does not let it is told why', async () => {
  const setup: WorkerSetup = {
    rules: [],
    correlations: [],
    matching: 'first',
    hostname: 'edge',
    staticFields: new Map(),
    bytesAsBase64: false,
    sensor: 'bpf',
    ringBytes: 12_345,
  };
  const opened = SystemCallRules.open(setup, new Seen());
  await expect(opened).rejects.toThrow(/kernel|root|EPERM|BPF/);
});
