import { expect, test } from 'vitest';
import { edited, originOfLines } from './edits.ts';

const text = 'a\nb\nc\nd';

test('edits count lines as they were', () => {
  const edits = [
    { after: 1, lines: ['x'] },
    { remove: 2 },
    { before: 4, lines: ['y'] },
    { line: 4, old: 'd', wanted: '$&' },
    { append: 'e: 1' },
  ];
  expect(edited(text, edits)).toEqual({ text: 'a\nx\nc\ny\n$&\n```yaml\ne: 1\n```\n' });
  expect(() => edited(text, [{ line: 4, old: 'z', wanted: '' }])).toThrow('does not hold');
});

test('the tunnel is edited twice', () => {
  const line = (config: string) => `    ${Buffer.from(config).toString('base64')}`;
  const edits = [
    { tunnel: 'A = 1', wanted: 'A = 2' },
    { tunnel: 'B = 1', wanted: 'B = 2' },
  ];
  expect(edited(line('[Interface]\nA = 1\nB = 1'), edits).text).toBe(line('[Interface]\nA = 2\nB = 2'));
});

test.each([
  ['nothing', text, [[1], [2], [3], [4]]],
  ['a new line', 'a\nx\nb\nc\nd', [[1], [], [2], [3], [4]]],
  ['a line away', 'a\nc\nd', [[1], [3], [4]]],
  ['two lines for two', 'a\nx\ny\nd', [[1], [2, 3], [2, 3], [4]]],
  ['three lines for one', 'a\nx\ny\nz\nc\nd', [[1], [2], [2], [2], [3], [4]]],
])('where lines were: %s', (_, changed, origins) => {
  expect([...originOfLines(text, changed).values()]).toEqual(origins);
});
