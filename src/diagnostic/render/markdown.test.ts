import { expect, test } from 'vitest';
import { renderMarkdown } from './markdown.ts';
import { diagnostics } from './sample.ts';

test('all kinds of diagnostics', async () => {
  await expect(renderMarkdown(diagnostics)).toMatchFileSnapshot('__golden__/sample.golden.md');
});

test('nothing found', () => {
  expect(renderMarkdown([])).toBe('## Picket: 0 errors, 0 warnings, 0 notes\n');
});

test('every diagnostic is one row, whatever its text holds', () => {
  const [first] = diagnostics;
  const text = renderMarkdown([{ ...first!, message: 'a | b\n| c | <img src=x>' }]);
  expect(text.trimEnd().split('\n').slice(4)).toHaveLength(1);
  expect(text).toContain('a \\| b \\| c \\| &lt;img src=x&gt;');
});
