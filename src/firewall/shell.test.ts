import { expect, test } from 'vitest';
import { type ShellStep, splitShell } from './shell.ts';

/** Steps as text: words in brackets, opaque ones by what they are. */
function shown(text: string): string[] {
  return splitShell(text).map((step: ShellStep) => {
    const joint = { sequence: '', and: '&& ', or: '|| ', pipe: '| ' }[step.joint];
    if (step.kind === 'opaque') return `${joint}opaque: ${step.what}`;
    const words = step.words.map((word) => `[${word.text}]`).join('');
    const input = step.document === undefined ? '' : ` << ${JSON.stringify(step.document.text)}`;
    return `${joint}${step.negated ? '! ' : ''}${words}${input}`;
  });
}

test('commands, comments, continued lines, separators', () => {
  const script = `# all
iptables -P INPUT \\
  DROP ; iptables -F&& echo done # and
set -e
a ||
  b | c & d`;
  expect(shown(script)).toEqual([
    '[iptables][-P][INPUT][DROP]',
    '[iptables][-F]',
    '&& [echo][done]',
    '[set][-e]',
    '[a]',
    '|| [b]',
    '| [c]',
    '[d]',
  ]);
});

test('quotes and escapes', () => {
  expect(shown(`echo 'a b'"c \\" $ d"\\ e '' x#y`)).toEqual([`[echo][a bc " $ d e][][x#y]`]);
});

test('redirections are no words', () => {
  expect(shown('a -C x 2>/dev/null >>log 2>&1 && b < file')).toEqual(['[a][-C][x]', '&& [b]']);
  expect(splitShell('b < file')).toMatchObject([{ input: { text: 'file' } }]);
});

test('here-documents, one after another, with tabs', () => {
  const script = "cat <<EOF | iptables-restore\n*filter\nCOMMIT\nEOF\nnft -f - <<-'X'\n\tlist $a\n\tX\ntrue";
  const steps = splitShell(script);
  expect(shown(script)).toEqual([
    '[cat] << "*filter\\nCOMMIT\\n"',
    '| [iptables-restore]',
    `[nft][-f][-] << ${JSON.stringify('\tlist $a\n')}`,
    '[true]',
  ]);
  for (const step of steps) {
    if (step.kind === 'command' && step.document) {
      expect(script.slice(step.document.at.start, step.document.at.end)).toBe(step.document.text);
    }
  }
  expect(splitShell('a <<X\n$b\nX\n')).toMatchObject([{ document: { literal: false } }]);
});

test('what is not followed is said, with its place', () => {
  const script = `for p in 22 80; do
  if true; then iptables -A INPUT -p tcp --dport $p -j ACCEPT; fi
done
allow() { iptables -A "$@"; }
function deny { x; }
case $1 in
  start) a ;;
  (stop) b ;;
esac
while true; do sleep 3600; done &
( cd /; a ) > log
{ a; } && b
fi
if a; then`;
  expect(shown(script)).toEqual([
    'opaque: a for loop',
    'opaque: a function',
    'opaque: a function',
    'opaque: a case',
    'opaque: a while loop',
    'opaque: a subshell',
    'opaque: a group',
    '&& [b]',
    'opaque: an unmatched fi',
    'opaque: an if that does not end',
  ]);
  const [loop, first] = splitShell(script);
  expect(loop).toMatchObject({ at: { start: 0, end: script.indexOf('\nallow') } });
  expect(first).toMatchObject({ text: 'allow() { iptables -A "$@"; }' });
});

test('reserved words that are arguments are arguments', () => {
  expect(shown('echo if then fi; for-each x')).toEqual(['[echo][if][then][fi]', '[for-each][x]']);
});

test('expansions are parts of their word', () => {
  const [step] = splitShell(
    `X=1 iptables -s "$NET" -d \${A}/8 -i $(ip route | cut -d")" -f1) -p \`x\` --dport $1`,
  );
  if (step?.kind !== 'command') throw new Error('no command');
  expect(step.assignments.map(({ text }) => text)).toEqual(['X=1']);
  expect(
    step.words.filter(({ parts }) => parts.some(({ kind }) => kind !== 'text')).map(({ parts }) => parts),
  ).toEqual([
    [{ kind: 'variable', name: 'NET', quoted: true }],
    [
      { kind: 'variable', name: 'A', quoted: false },
      { kind: 'text', text: '/8' },
    ],
    [{ kind: 'other' }],
    [{ kind: 'other' }],
    [{ kind: 'variable', name: '1', quoted: false }],
  ]);
});

test('words know where they stand', () => {
  const script = 'a\n  "b c" \'d\'';
  const steps = splitShell(script);
  const words = steps.flatMap((step) => (step.kind === 'command' ? step.words : []));
  expect(words.map(({ at }) => script.slice(at.start, at.end))).toEqual(['a', '"b c"', "'d'"]);
  expect(words.map(({ text, textAt }) => script.startsWith(text, textAt))).toEqual([true, true, true]);
});

test('a long script takes linear time', () => {
  const begun = process.threadCpuUsage();
  for (const piece of ['$(', '`', "'", '"', '{ ', 'if ', 'a <<X\n', '((', '\\\n', '${', 'a && '])
    splitShell(piece.repeat(50_000));
  // Of this thread: other tests run at the same time.
  expect(process.threadCpuUsage(begun).user / 1000).toBeLessThan(5000);
});
