import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { machineWith } from '../../firewall/machine/kernel.fixture.ts';
import type { WirePacket } from '../../firewall/machine/wire-packet.ts';
import { parseAddress } from '../../net/address.ts';
import { lengthOf } from './frames.ts';
import { TrialNamespace } from './namespace.ts';
import { cannotTry, TrialMachine } from './trial-machine.ts';

const why = cannotTry();
const title = (text: string) => (why === undefined ? text : `${text} (skipped: ${why})`);

function datagram(destination: string, port: number): WirePacket {
  const bare = {
    family: 4 as const,
    protocol: 17,
    source: parseAddress('198.18.0.9')!,
    destination: parseAddress(destination)!,
    sourcePort: 40_000,
    port,
    time: 0,
    hopLimit: 64,
  };
  return { ...bare, length: lengthOf(bare) };
}

test.skipIf(why !== undefined)(
  title('what the kernel does with packets, with and without rules'),
  async () => {
    await using trial = await TrialMachine.open(machineWith(['wan0', 'lan0']));
    const own = datagram('198.51.100.1', 53);
    const through = datagram('198.19.16.5', 53);
    const nowhere = { ...datagram('127.0.0.1', 53) };
    const packets = [own, through, nowhere].map((wire) => ({ wire, inInterface: 'wan0' }));
    const outcomes = async () => (await trial.judge(packets)).map(({ outcome, state }) => [outcome, state]);
    expect(await outcomes()).toEqual([
      ['delivered', 'NEW'],
      ['forwarded', 'NEW'],
      ['dropped', 'NEW'],
    ]);
    await trial.run(
      ['nft', '-f', '-'],
      'table ip f { chain c { type filter hook input priority 0; policy drop; }; }',
    );
    expect((await outcomes())[0]).toEqual(['dropped', 'NEW']);
  },
);

test.skipIf(why !== undefined)(title('a machine for which every address is its own'), async () => {
  await using trial = await TrialMachine.open(machineWith(['wan0', 'lan0']), { allIsLocal: true });
  const wire = datagram('198.19.16.5', 53);
  expect(await trial.judge([{ wire, inInterface: 'lan0' }])).toEqual([
    { outcome: 'delivered', state: 'NEW' },
  ]);
});

test.skipIf(why !== undefined)(
  title('a namespace is gone with its keeper, and a failure is told'),
  async () => {
    const space = await TrialNamespace.open();
    expect(await space.run('ip', ['-o', 'link'])).toMatch(/^1: lo: /);
    await expect(space.run('ip', ['link', 'show', 'none0'])).rejects.toThrow('"none0" does not exist');
    await space[Symbol.asyncDispose]();
    await space[Symbol.asyncDispose]();
    expect(existsSync(`/proc/${space.pid}/ns/net`)).toBe(false);
  },
);
