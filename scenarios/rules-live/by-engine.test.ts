import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Containerd, cannotRunContainers } from '../../src/sensor/cri/containerd.fixture.ts';
import { sleep, temporaryFolder } from '../harness.ts';
import { byEngine } from './by-engine.ts';
import { byBehaviour, cannotAsk, variable, watched } from './watched.fixture.ts';

const skip = cannotAsk ?? cannotRunContainers;

describe.skipIf(skip)(
  `official rules that ask the engine of the containers${skip ? `: ${skip}` : ''}`,
  () => {
    let raised: ReadonlyMap<string, readonly string[]> = new Map();
    let said = '';
    const temporary = temporaryFolder();
    const named = byEngine.map((one, index) => ({ ...one, name: `engine-${index}` }));

    beforeAll(async () => {
      await using containerd = await Containerd.start();
      const result = await watched(temporary.path, { engine: containerd.socket }, async () => {
        for (const { name, script, options } of named) {
          const command = ['sh', '-c', `${script}; exec sleep 1000`];
          await containerd.run(containerd.images.busybox, command, { ...options, env: { [variable]: name } });
        }
        await sleep(2000);
      });
      raised = byBehaviour(result.alerts);
      said = result.said;
    }, 300_000);

    afterAll(() => temporary[Symbol.dispose]());

    test.each(named.map((one) => ({ ...one, rules: one.raises.join(' and ') })))(
      '$rules',
      ({ name, raises, script }) => {
        expect(raised.get(name) ?? [], script).toEqual([...raises].sort());
      },
    );

    test('no rule lacks what the engine tells', () => {
      expect(said).toContain('engine   containerd');
      expect(said).not.toMatch(/for want of container\.image/);
    });
  },
);
