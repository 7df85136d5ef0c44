import { describe, expect, test } from 'vitest';
import { LineIndex } from '../position.ts';
import { definitions, diagnostics, sources } from './sample.ts';
import { plain } from './style.ts';
import { renderTerminal } from './terminal.ts';

const options = { sources, style: plain, columns: 80 };

describe('renderTerminal', () => {
  test('every kind of problem, as a person sees it', async () => {
    await expect(renderTerminal(diagnostics, options)).toMatchFileSnapshot('__golden__/terminal.golden.txt');
  });

  test('nothing of the text can act on the terminal', () => {
    expect(renderTerminal(diagnostics, options)).not.toMatch(/[^\P{C}\n]/u);
  });

  test('source lines stay within the width, and the caret under its text', () => {
    for (const columns of [40, 60, 80, 200]) {
      const rows = renderTerminal([diagnostics[6]!], { ...options, columns }).split('\n');
      const line = rows.findIndex((row) => row.includes('HERE'));
      expect(rows[line]!.length).toBeLessThanOrEqual(columns);
      expect(rows[line + 1]!.indexOf('^^^^')).toBe(rows[line]!.indexOf('HERE'));
    }
  });

  test('a line of megabytes is quick and cut', () => {
    const text = `[${'"abc",'.repeat(500_000)}"HERE"]`;
    const start = text.indexOf('HERE');
    const span = new LineIndex(text).span('big.json', start, start + 4);
    const shown = renderTerminal([{ ...diagnostics[0]!, span }], {
      ...options,
      sources: { get: () => text },
    });
    expect(shown.length).toBeLessThan(1000);
  });

  test('one problem fits one screen however many places it has', () => {
    const place = diagnostics[0]!.span!;
    const related = Array.from({ length: 500 }, () => ({ span: place, message: 'here too' }));
    const rows = renderTerminal([{ ...diagnostics[0]!, related }], options).split('\n');
    expect(rows.length).toBeLessThan(40);
    expect(rows).toContain('  = and 495 more places');
  });

  test('colour comes from the style alone', () => {
    const marked = renderTerminal(diagnostics, {
      ...options,
      style: (format, text) => `<${format}>${text}</>`,
    });
    expect(marked.replaceAll(/<\/>|<(?:red|yellow|cyan|blue|green|bold|dim)>/g, '')).toBe(
      renderTerminal(diagnostics, options),
    );
    expect(marked).toContain('<red>error[PKT9002]</>');
  });

  test('counts', () => {
    expect(renderTerminal([], options)).toBe('\nno problems found\n'.slice(1));
    expect(renderTerminal(diagnostics, options)).toMatch(/\n2 errors, 1 warning, 6 notes in 4 files\n$/);
    expect(definitions).toHaveLength(3);
  });
});
