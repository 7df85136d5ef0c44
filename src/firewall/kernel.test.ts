import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cable, cannotAsk, guarded, type Probe, senders } from './network.fixture.ts';
import type { Packet } from './packet.ts';
import { address, commandLists, rulesetOf } from './rules.fixture.ts';
import { judgePacket } from './simulate.ts';

const ports = [22, 80, 7000, 7001, 7002, 7003];
const title = (text: string) => (cannotAsk === undefined ? text : `${text} (skipped: ${cannotAsk})`);

interface Sent {
  readonly commands: readonly string[];
  readonly backend: string;
  readonly probe: Probe;
  readonly expected: string;
}

test.skipIf(cannotAsk !== undefined)(
  title('iptables in the kernel and the simulation agree'),
  { timeout: 180_000 },
  () => {
    using cable = new Cable('iptables');
    const sent: Sent[] = [];
    let id = 10_000;
    let rounds = 0;
    for (const commands of fc.sample(commandLists, { numRuns: 100, seed: 11 })) {
      rounds++;
      const backend = rounds % 2 === 0 ? 'nft' : 'legacy';
      const restore = [
        '*filter',
        ...commands.map((line) => line.replace(/^iptables /, '')),
        'COMMIT',
        '',
      ].join('\n');
      const empty = '*filter\n:INPUT ACCEPT\nCOMMIT\n';
      cable.run('guarded', [`iptables-${backend}-restore`], restore);
      const ruleset = rulesetOf(...commands);
      for (const side of ['sender', 'guarded'] as const) {
        const sources = side === 'sender' ? senders : [guarded];
        const flows = sources.flatMap((source) =>
          ports.flatMap((port) =>
            ([6, 17] as const).map((protocol): Probe => ({ protocol, source, id: id++, port })),
          ),
        );
        const pings = sources.map((source): Probe => ({ protocol: 1, source, id: id++, port: 0 }));
        const probes = [...flows, ...pings];
        cable.send(side, probes);
        for (const probe of probes) {
          const packet: Packet = {
            family: 4,
            chain: 'INPUT',
            protocol: probe.protocol,
            source: address(probe.source),
            destination: address(guarded),
            state: 'NEW',
            local: side === 'guarded',
            inInterface: side === 'guarded' ? 'lo' : 'eth0',
            ...(probe.protocol === 1
              ? { icmpType: 8, icmpCode: 0 }
              : { port: probe.port, sourcePort: probe.id }),
          };
          sent.push({ commands, backend, probe, expected: judgePacket(ruleset, packet).outcome });
        }
      }
      cable.run('guarded', [`iptables-${backend}-restore`], empty);
    }
    const { passed, seen } = cable.observed();
    const key = ({ protocol, id, port }: Probe) => `${protocol} ${id} ${port}`;
    expect(sent.filter(({ probe }) => probe.protocol !== 1 && !seen.has(key(probe)))).toEqual([]);
    const wrong = sent.filter(
      ({ probe, expected }) => expected !== (passed.has(key(probe)) ? 'allow' : 'deny'),
    );
    expect(wrong.slice(0, 3)).toEqual([]);
    const allowed = sent.filter(({ expected }) => expected === 'allow').length;
    expect(Math.min(allowed, sent.length - allowed)).toBeGreaterThan(sent.length / 10);
  },
);
