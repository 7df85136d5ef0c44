import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { RecordedMachine } from '../../event/recording/recorded-machine.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import type { SystemEvent } from '../../event/system-event.ts';
import { fileText } from '../../manifest/embedded.ts';
import { RuleEngine } from '../../rules/engine.ts';
import type { RuleAlert } from '../../rules/format/alert.ts';
import { loadRules } from '../../rules/load/load.ts';
import { probeBpf } from '../../sensor/bpf.ts';
import { Containerd, cannotRunContainers } from '../../sensor/cri/containerd.fixture.ts';
import { readRecordingFile } from '../../store/recording/read-file.ts';
import { minRecordingBytes } from '../../store/recording/recording-file.ts';
import type { RecordRequest } from './system-calls/messages.ts';
import { SystemCallRules } from './system-calls.ts';

const probe = probeBpf();
const skip = cannotRunContainers ?? (probe.state === 'available' ? undefined : probe.details[0]);

/** Others on this machine may run containers too: this is in the commands of ours alone. */
const marker = `/etc/picket-test-${process.pid}`;
const text = `
- rule: First program
  desc: the program that a container is started with, of any image but one
  condition: >
    evt.type = execve and proc.args contains ${marker} and container
    and not container.image.repository in (docker.io/library/busybox)
  output: >
    %proc.name %container.name %container.image.repository %container.image.tag %k8s.ns.name/%k8s.pod.name
    %container.privileged %container.mount.dest[/etc] %k8s.pod.label[app]
  priority: WARNING
- macro: container
  condition: (container.id != host)
`;

describe.skipIf(skip)(
  `rules that ask for images and pods, live (${skip ?? 'runs'})`,
  { timeout: 60_000 },
  () => {
    let containerd: Containerd;
    let rules: SystemCallRules | undefined;
    const alerts: RuleAlert[] = [];
    const warnings: string[] = [];
    beforeAll(async () => {
      containerd = await Containerd.start();
    }, 60_000);
    afterEach(async () => {
      await rules?.stop();
      alerts.length = 0;
      warnings.length = 0;
    });
    afterAll(async () => containerd?.remove());

    function load() {
      const loaded = loadRules([fileText('rules.yaml', text)], {
        sources: new Map([['syscall', syscallSource]]),
      });
      expect(loaded.diagnostics).toEqual([]);
      return loaded;
    }

    async function start(criSocket: string, record?: RecordRequest): Promise<SystemCallRules> {
      const { rules: loaded, correlations } = load();
      const setup = {
        rules: loaded,
        correlations,
        matching: 'first',
        hostname: 'edge',
        sensor: 'bpf',
        staticFields: new Map(),
        bytesAsBase64: false,
        criSocket,
        record,
      } as const;
      rules = await SystemCallRules.open(setup, {
        alert: (alert) => void alerts.push(alert),
        warn: (warning) => void warnings.push(warning),
      });
      return rules;
    }

    test('the first program of a new container is judged by its image, and told with its pod', async () => {
      const running = await start(containerd.socket);
      expect(running.containers).toMatch(/^containerd \d\S* at /);
      expect(running.containers).toContain(containerd.socket);
      const folder = join(containerd.folder, 'mounted');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'x'), '');
      for (let round = 0; round < 5; round++) {
        await containerd.run(containerd.images.edge, ['/bin/cat', marker], {
          name: 'reader',
          pod: { name: `sensor-${round}`, namespace: 'field', labels: { app: `sensor-${round}` } },
          privileged: true,
          mounts: [{ source: '/etc', destination: '/host/etc', readonly: true }],
        });
        // Not told: by the image alone.
        await containerd.run(containerd.images.busybox, ['/bin/cat', marker]);
      }
      await expect.poll(() => alerts.length, { timeout: 5000 }).toBeGreaterThanOrEqual(5);
      await running.stop();
      expect(alerts.map(({ message }) => message)).toEqual(
        [0, 1, 2, 3, 4].map(
          (round) =>
            `cat reader registry.example:5000/edge/sensor 2.1 field/sensor-${round} true /host/etc sensor-${round}`,
        ),
      );
      expect(running.status()).toMatchObject({ incomplete: 0, lost: 0 });
      expect(warnings).toEqual([]);
    });

    test('a recording tells of the same images and pods', async () => {
      const path = join(containerd.folder, 'a.picket');
      const running = await start(containerd.socket, { path, maxBytes: minRecordingBytes });
      for (const name of ['one', 'two'])
        await containerd.run(containerd.images.edge, ['/bin/cat', marker], { name });
      await expect.poll(() => alerts.length, { timeout: 5000 }).toBeGreaterThanOrEqual(2);
      await running.stop();
      expect(running.status().recording).toMatchObject({ lost: 0, errors: 0 });
      const machine = new RecordedMachine();
      const timeOf = ({ raw }: SystemEvent) => raw.time;
      const engine = new RuleEngine(load(), syscallSource, { timeOf, hostname: 'edge', matching: 'first' });
      const replayed = [...readRecordingFile(path)].flatMap((item) => {
        const event = machine.take(item);
        return event === undefined ? [] : engine.take(event);
      });
      expect(replayed).toEqual(alerts);
      expect(replayed.map(({ message }) => message)).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^cat two registry\.example:5000\/edge\/sensor 2\.1 edge\/pod-/),
        ]),
      );
    });

    test('a program that is started in a container that runs already', async () => {
      const made = await containerd.run(containerd.images.edge, ['/bin/sleep', '100'], { name: 'quiet' });
      const running = await start(containerd.socket);
      await containerd.exec(made.id, ['/bin/ls', marker]);
      await running.stop();
      expect(alerts.map(({ message }) => message)).toEqual([
        expect.stringMatching(
          /^ls quiet registry\.example:5000\/edge\/sensor 2\.1 edge\/pod-\d+ false <NA> <NA>$/,
        ),
      ]);
    });

    test('when the engine goes and comes back it is said, and new containers are known again', async () => {
      const running = await start(containerd.socket);
      await containerd.stopDaemon();
      await expect.poll(() => warnings, { timeout: 10_000 }).toHaveLength(1);
      expect(warnings[0]).toMatch(/: rules do not know new containers until it is back$/);
      expect(warnings[0]).toContain(containerd.socket);
      await containerd.startDaemon();
      await expect.poll(() => warnings, { timeout: 20_000 }).toHaveLength(2);
      expect(warnings[1]).toMatch(/^containers are known, as containerd \d\S* at /);
      await containerd.run(containerd.images.edge, ['/bin/cat', marker], { name: 'again' });
      await expect.poll(() => alerts.length, { timeout: 5000 }).toBe(1);
      expect(alerts[0]?.message).toMatch(/^cat again registry\.example:5000\/edge\/sensor /);
      await running.stop();
    });

    test('without the engine the same is told, and what is not known is missing', async () => {
      const running = await start('none');
      await containerd.run(containerd.images.edge, ['/bin/cat', marker]);
      await expect.poll(() => alerts.length, { timeout: 5000 }).toBe(1);
      expect(alerts[0]?.message).toBe('cat <NA> <NA> <NA> <NA>/<NA> <NA> <NA> <NA>');
      expect(running.containers).toBeUndefined();
    });
  },
);
