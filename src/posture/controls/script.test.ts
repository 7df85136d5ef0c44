import { describe, expect, test } from 'vitest';
import { controlsOf, under, workloadYaml } from './controls.fixture.ts';

const configMap = (script: string) =>
  `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: scripts, namespace: shop}\ndata:\n  fw.sh: |\n${script
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')}\n`;
const volume = 'volumes: [{name: v, configMap: {name: scripts, defaultMode: 0755}}]';
const mounts = 'volumeMounts: [{name: v, mountPath: /scripts}]';

const read = (container: string, pod = '', more = '') => controlsOf(workloadYaml(container, pod) + more);

describe('inline scripts', () => {
  test.each([
    ['command: [sh, -c, "iptables -A INPUT"]', false],
    ['command: [sh, -ec]\nargs: ["iptables -A INPUT"]', true],
    ['args: [bash, -c, "set -euo pipefail; iptables -A INPUT"]', true],
    ['command: [sh, -c, "set -u -e\\niptables -A INPUT"]', true],
    ['command: [sh, -c, "set -o errexit\\niptables -A INPUT"]', true],
    ['command: [sh, -c, "set -u\\n# set -e\\niptables -A INPUT"]', false],
    ['command: [sh, -c, "echo reset -e; iptables -A INPUT"]', false],
  ])('%s', (container, errexit) => {
    const { scripts, commands } = read(container);
    expect(commands).toEqual([]);
    expect(scripts).toMatchObject([{ errexit, phase: 'run', file: undefined }]);
    expect(scripts[0]!.text.text).toContain('iptables -A INPUT');
  });

  test('hooks', () => {
    const text = workloadYaml(`lifecycle:
  postStart: {exec: {command: [sh, -c, one]}}
  preStop: {exec: {command: [iptables, -F]}}`);
    const { scripts, commands } = controlsOf(text);
    expect(scripts).toMatchObject([{ phase: 'postStart', text: { text: 'one' } }]);
    expect(under(text, scripts[0]!.text.at(0, 3))).toBe('one');
    expect(commands).toMatchObject([{ phase: 'preStop' }]);
    expect(commands[0]!.argv.map(({ value, span }) => [value, under(text, span)])).toEqual([
      ['iptables', 'iptables'],
      ['-F', '-F'],
    ]);
  });
});

describe('mounted scripts', () => {
  test.each([
    ['command: [sh, /scripts/fw.sh]', '#!/bin/bash -e\nx', 'sh', false],
    ['command: [/scripts/fw.sh]', '#!/bin/bash -e\nx', 'bash', true],
    ['command: [/scripts/fw.sh]', '#!/usr/bin/env bash\nset -e\nx', 'bash', true],
    ['command: [/bin/ash, -e, /scripts/fw.sh, start]', 'x', 'ash', true],
  ])('%s', (container, script, shell, errexit) => {
    const text = workloadYaml(`${container}\n${mounts}`, volume) + configMap(script);
    const { scripts, commands } = controlsOf(text);
    expect(commands).toEqual([]);
    expect(scripts).toMatchObject([{ shell, errexit, file: { path: '/scripts/fw.sh', mode: 0o755 } }]);
    const at = scripts[0]!.text.text.lastIndexOf('x');
    expect(under(text, scripts[0]!.text.at(at, at + 1))).toBe('x');
  });

  test('called by an inline script', () => {
    const container = `command: [sh, -c, "sleep 1; /scripts/fw.sh && exec sleep inf"]\n${mounts}`;
    const { scripts } = read(container, volume, configMap('#!/bin/sh\nx'));
    expect(scripts.map(({ text, file }) => [text.text, file?.path])).toEqual([
      ['sleep 1; /scripts/fw.sh && exec sleep inf', undefined],
      ['#!/bin/sh\nx\n', '/scripts/fw.sh'],
    ]);
  });

  test('a path that is not mounted is a program', () => {
    const { scripts, commands } = read('command: [/scripts/fw.sh, start]');
    expect(scripts).toEqual([]);
    expect(commands[0]!.argv.map(({ value }) => value)).toEqual(['/scripts/fw.sh', 'start']);
  });
});
