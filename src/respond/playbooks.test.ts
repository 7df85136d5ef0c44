import { expect, test } from 'vitest';
import { readManifests } from '../manifest/read.ts';
import { readPlaybooks } from './playbooks.ts';

function read(text: string) {
  const bytes = new TextEncoder().encode(`respond:\n${text.replace(/^/gm, '  ')}\n`);
  return readPlaybooks(readManifests([{ name: 'picket.yaml', bytes }]).site?.respond);
}

const alert = { detector: 'port-scan', severity: 'high', entity: 'x', title: 't', flows: [] };

test('nothing but dry runs that ask, unless it is said', () => {
  const { playbooks, diagnostics } = read(
    'playbooks: [{name: a, match: detector=port-scan, do: [{block: source, for: 1h}]}]',
  );
  expect(diagnostics).toEqual([]);
  const [one] = playbooks!.playbooks;
  expect(one).toMatchObject({ approval: true, dryRun: true, perHour: 10 });
  expect([one!.matches(alert), one!.matches({ ...alert, detector: 'beacon' })]).toEqual([true, false]);
  expect(playbooks).toMatchObject({ answerWithin: 900, limits: { perHour: 10, peers: 16, percent: 5 } });
});

test('a filter that cannot be read takes all of them out of use', () => {
  const { playbooks, diagnostics } = read(
    'playbooks:\n- {name: a, match: severity=high, do: [{block: source, for: 1h}]}\n- {name: b, match: nonsense=1, do: [{block: source, for: 1h}]}',
  );
  expect(playbooks).toBeUndefined();
  expect(diagnostics).toMatchObject([{ code: 'PKT0752', span: { start: { line: 4 } } }]);
});

test('one that acts on everything by itself is warned of', () => {
  const text = (more: string) => `playbooks: [{name: a, match: '', ${more}do: [{block: source, for: 1h}]}]`;
  expect(read(text('approval: false, dryRun: false, ')).diagnostics).toMatchObject([
    { code: 'PKT0753', severity: 'warning' },
  ]);
  expect(read(text('approval: false, ')).diagnostics).toEqual([]);
  expect(read(text('dryRun: false, ')).playbooks).toBeDefined();
});

test('none', () => {
  expect(readPlaybooks(undefined)).toEqual({ playbooks: undefined, diagnostics: [] });
  expect(read('playbooks: []').playbooks).toBeUndefined();
});
