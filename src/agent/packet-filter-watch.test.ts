import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { firewallTampering } from '../detect/firewall-tampering.ts';
import { ChangeLog } from '../enforce/commit/change-log.ts';
import { rollBack, startChange } from '../enforce/commit/commit-change.ts';
import { cannotEnforce, Namespace } from '../enforce/namespace.fixture.ts';
import { NftablesEnforcer } from '../enforce/nftables.ts';
import { PacketFilterWatch } from './packet-filter-watch.ts';

test.skipIf(cannotEnforce !== undefined)(
  `drift is noticed, blocks and counters are none${cannotEnforce ? ` (skipped: ${cannotEnforce})` : ''}`,
  async () => {
    using space = new Namespace('watch');
    const folder = join(mkdtempSync(join(tmpdir(), 'picket-watch-')), 'firewall');
    try {
      const watch = new PacketFilterWatch(folder, space.runner, 'edge-1');
      const detector = firewallTampering.create({});
      const found: string[] = [];
      watch.tell = (one) => {
        for (const { severity } of detector.onPacketFilter!({ ...one, at: 0 })) found.push(severity);
      };
      const state = async () => {
        await watch.ask();
        const item = watch.health();
        return item && `${item.state}: ${item.text}`;
      };
      expect(await state()).toBeUndefined();
      expect(existsSync(folder)).toBe(false);
      const enforcer = new NftablesEnforcer(space.runner);
      const parts = { enforcer, log: new ChangeLog(folder), runner: space.runner };
      const start = async (text: string) =>
        startChange(parts, await enforcer.plan(await enforcer.read(), text), {
          user: 'tester',
          reason: 'a test',
          acceptedRisks: [],
          confirmWithin: 60,
        });
      const { pending } = await start(
        'table inet picket { set b { type ipv4_addr; flags timeout; }; chain c { counter accept; }; }',
      );
      expect(await state()).toMatch(/^warning: change 1 .* waits/);
      parts.log.confirm(pending, 'tester');
      expect(await state()).toMatch(/^ok: .* as change 1 made it/);
      space.run('nft', ['add element inet picket b { 198.51.100.7 timeout 1h }']);
      expect(await state()).toMatch(/^ok/);
      expect(found).toEqual([]);
      space.run('nft', ['add rule inet picket c drop']);
      expect(await state()).toMatch(/^warning: .* somebody else/);
      expect(await state()).toMatch(/^warning: .* somebody else changed it/);
      expect(found).toEqual(['high']);
      space.run('nft', ['delete table inet picket']);
      expect(await state()).toMatch(/^warning: .* somebody else took it away/);
      expect(found).toEqual(['high', 'critical']);
      const next = await start('');
      await rollBack(parts, next.pending, 'tester');
      expect(await state()).toMatch(/^warning: .* somebody else/);
    } finally {
      rmSync(join(folder, '..'), { recursive: true });
    }
  },
);
