import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readManifests } from '../../../manifest/read.ts';
import { compilePosture } from '../../compile.ts';
import { monitoringChecks } from '../monitoring/registry.ts';
import { controlUnread } from '../objects/control-unread.ts';
import { falcoChecks } from './registry.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../../shared', import.meta.url));
const document = `${shared}/seed/network-security.md`;
const example = fileURLToPath(new URL('../../../../examples/edge-site/', import.meta.url));
const checks = [...falcoChecks, ...monitoringChecks, controlUnread];

function found(files: readonly string[]): string[] {
  const read = files.map((name) => ({ name, bytes: readFileSync(name) }));
  const posture = compilePosture(readManifests(read));
  return checks.flatMap((check) =>
    check.run(posture).map(({ code, severity, span }) => `${code} ${severity} ${span?.start.line}`),
  );
}

describe.skipIf(!existsSync(document))(`the example document (${document})`, () => {
  const lines = existsSync(document) ? readFileSync(document, 'utf8').split('\n') : [];
  const line = (words: string) => lines.findIndex((one) => one.includes(words)) + 1;

  test('every mistake of its Falco and its monitoring, each at its line', () => {
    const targets = line('flow-exporter:9090');
    expect(found([document])).toEqual([
      `PKT1150 error ${line('custom_rules.yaml: |')}`,
      `PKT1151 warning ${line('rules_file:')}`,
      `PKT1152 warning ${line('    outputs:')}`,
      `PKT1153 error ${line('k8s_audit_rules.yaml')}`,
      `PKT1155 error ${line('falco.yaml: |')}`,
      `PKT1156 warning ${line('/etc/falco/falco_rules.yaml')}`,
      `PKT1160 warning ${line('proc.name in')}`,
      `PKT1161 note ${line('proc.name in')}`,
      `PKT1162 warning ${line('output: Suspicious')}`,
      `PKT1300 warning ${targets}`,
      `PKT1301 note ${targets}`,
      `PKT1302 note ${targets}`,
      `PKT1303 note ${line('prometheus.yml: |')}`,
      `PKT1304 note ${line('metrics_path')}`,
      `PKT1310 note ${line('  ingress:')}`,
      `PKT1330 warning ${line('name: falco-config')}`,
      `PKT1330 warning ${line('name: flow-monitoring')}`,
    ]);
  });
});

test('nothing to say of the site that does it right', () => {
  const files = ['namespaces', 'apps', 'segmentation', 'monitoring', 'intrusion-detection', 'wireguard'];
  expect(found(files.map((name) => `${example}${name}.yaml`))).toEqual([]);
});
