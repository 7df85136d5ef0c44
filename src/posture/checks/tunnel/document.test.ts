import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readManifests } from '../../../manifest/read.ts';
import { compilePosture } from '../../compile.ts';
import { keyFileMode } from '../objects/key-file-mode.ts';
import { keyInManifest } from '../objects/key-in-manifest.ts';
import { subPathUpdates } from '../objects/sub-path-updates.ts';
import { tunnelChecks } from './registry.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../../shared', import.meta.url));
const document = `${shared}/seed/network-security.md`;

describe.skipIf(!existsSync(document))(`the example document (${document})`, () => {
  const text = existsSync(document) ? readFileSync(document, 'utf8') : '';
  const lines = text.split('\n');
  const from = lines.indexOf('kind: DaemonSet', lines.indexOf('  name: wireguard-config'));
  const line = (words: string, after = 0) =>
    lines.findIndex((one, at) => at >= after && one.includes(words)) + 1;

  test('every mistake of its tunnel, each at its line', () => {
    const posture = compilePosture(
      readManifests([{ name: 'network-security.md', bytes: new TextEncoder().encode(text) }]),
    );
    const found = [...tunnelChecks, subPathUpdates, keyInManifest, keyFileMode].flatMap((check) =>
      check.run(posture).map(({ code, severity, span }) => `${code} ${severity} ${span?.start.line}`),
    );
    const config = line('  wg0.conf: |');
    expect(found).toEqual([
      `PKT1250 error ${config}`,
      `PKT1252 error ${line('hostNetwork: true', from)}`,
      `PKT1253 error ${from + 1}`,
      `PKT1254 warning ${config}`,
      `PKT1256 note ${config}`,
      `PKT1257 note ${config}`,
      `PKT1258 warning ${line('mountPath: /config/wg0.conf')}`,
      `PKT1335 note ${line('subPath: wg0.conf')}`,
      `PKT1336 warning ${config}`,
      `PKT1337 note ${line('secret:', from)}`,
    ]);
  });
});
