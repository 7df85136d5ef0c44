import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { tunnelChecks } from './registry.ts';
import { filesYaml, hub, runnerYaml, spoke, tunnelYaml } from './tunnel-checks.fixture.ts';

describe.each(tunnelChecks.map((check) => [check.title, check] as const))('%s', (_, check) => {
  test.each([
    ['a hub', tunnelYaml(hub)],
    ['a hub in base64', tunnelYaml(hub, {}, true)],
    ['a spoke', tunnelYaml(spoke)],
    [
      'a file per node',
      filesYaml({ 'edge-1.conf': hub, 'edge-2.conf': spoke }, true) +
        runnerYaml(
          {
            kind: 'DaemonSet',
            container:
              'env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]\ncommand: [sh, -ec, "wg-quick up /etc/wireguard/$NODE.conf"]',
          },
          true,
        ),
    ],
    ['other workloads', runnerYaml()],
  ])('is silent: %s', (_name, text) => expect(findings(check, text)).toEqual([]));

  test('is silent on the example', () => {
    const example = new URL('../../../../examples/edge-site/wireguard.yaml', import.meta.url);
    expect(findings(check, readFileSync(example, 'utf8'))).toEqual([]);
  });

  test('its text for explain is whole', () => {
    expect(check.example?.good).toBeDefined();
    expect(check.doc).not.toBe('');
  });
});
