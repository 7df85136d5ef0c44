import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Status } from '../../src/agent/status.ts';
import { cannotWatch, Guard, root, temporaryFolder, until } from '../harness.ts';

test.skipIf(cannotWatch)(
  `SIGHUP reads the manifests again; with errors in them the old ones stay${cannotWatch ? `: ${cannotWatch}` : ''}`,
  { timeout: 30_000 },
  async () => {
    using folder = temporaryFolder();
    cpSync(join(root, 'examples/demo-shop'), folder.path, { recursive: true });
    await using guard = await Guard.start(['--manifests', folder.path, '--no-store']);
    const policies = async () => (await guard.get<Status>('/api/v1/status')).posture.policies;
    expect(await policies()).toBe(2);

    writeFileSync(join(folder.path, 'broken.yaml'), 'kind: [');
    rmSync(join(folder.path, 'policies.yaml'));
    guard.child.kill('SIGHUP');
    await until('the errors are told', () => /the old ones stay/.test(guard.said) || undefined);
    expect(await policies()).toBe(2);

    rmSync(join(folder.path, 'broken.yaml'));
    guard.child.kill('SIGHUP');
    await until('the new posture is in force', async () => (await policies()) === 0 || undefined);
  },
);
