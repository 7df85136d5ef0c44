import { expect, test } from 'vitest';
import { readInvocation } from './invocation.ts';

const position = { line: 1, column: 1, offset: 0 };
const span = { file: 'a', start: position, end: position };
const words = (...values: string[]) => values.map((value) => ({ value, span, keySpan: span, path: [] }));

function shown(...values: string[]): string {
  const found = readInvocation(words(...values));
  if (!found) return '';
  const around = found.wrappers.map((name) => `${name} > `).join('');
  if (found.kind === 'program') return `${around}program ${found.argv.map(({ value }) => value).join(' ')}`;
  const script = found.kind === 'inline' ? found.script : found.file;
  return `${around}${found.shell} ${found.kind}${found.errexit ? ' -e' : ''}: ${script.value}`;
}

test.each([
  [['sh', '-c', 'x'], 'sh inline: x'],
  [['/bin/sh', '-ec', 'x'], 'sh inline -e: x'],
  [['/bin/bash', '-euo', 'pipefail', '-c', 'x', 'name'], 'bash inline -e: x'],
  [['bash', '-o', 'errexit', '-c', 'x'], 'bash inline -e: x'],
  [['bash', '-e', '+e', '-c', 'x'], 'bash inline: x'],
  [['bash', '--norc', '-c', '--', 'x'], 'bash inline: x'],
  [['bash', '-l', '/scripts/a.sh', '-c'], 'bash file: /scripts/a.sh'],
  [['sh', '-e', 'a.sh'], 'sh file -e: a.sh'],
  [['sh'], 'program sh'],
  [['sh', '-c'], 'program sh -c'],
  [['iptables', '-A', 'INPUT'], 'program iptables -A INPUT'],
  [['nsenter', '-t', '1', '-m', '-n', '--', 'sh', '-c', 'x'], 'nsenter > sh inline: x'],
  [['nsenter', '--target', '1', '--net', 'iptables', '-L'], 'nsenter > program iptables -L'],
  [['chroot', '/host', '/bin/sh', '-c', 'x'], 'chroot > sh inline: x'],
  [['/sbin/tini', '--', 'bash', '-c', 'x'], 'tini > bash inline: x'],
  [['env', '-i', 'A=b', 'timeout', '5', 'sh', '-c', 'x'], 'env > timeout > sh inline: x'],
  [['busybox', 'sh', '-c', 'x'], 'busybox > sh inline: x'],
  [['env'], 'program env'],
  [[], ''],
])('%j', (argv, expected) => {
  expect(shown(...argv)).toBe(expected);
});
