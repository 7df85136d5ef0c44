import { expect, test } from 'vitest';
import type { Diagnostic } from '../diagnostic.ts';
import { renderGithub } from './github.ts';
import { diagnostics } from './sample.ts';

test('all kinds of diagnostics', async () => {
  await expect(renderGithub(diagnostics)).toMatchFileSnapshot('__golden__/sample.golden.github.txt');
});

test('no text of a manifest starts a command or a property of its own', () => {
  const hostile: Diagnostic = {
    code: 'PKT9001',
    severity: 'error',
    class: 'schema',
    message: '100%\n::set-output name=x::y',
    span: {
      file: 'a,title=x:y\n.yaml',
      start: { line: 1, column: 1, offset: 0 },
      end: { line: 1, column: 2, offset: 1 },
    },
    related: [],
  };
  expect(renderGithub([hostile])).toBe(
    '::error file=a%2Ctitle=x%3Ay%0A.yaml,line=1,col=1,endLine=1,endColumn=2,title=PKT9001::100%25%0A::set-output name=x::y\n',
  );
});
