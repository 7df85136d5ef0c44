import { expect, test } from 'vitest';
import { parseDimensions } from './parse-dimensions.ts';

test('names, aliases, blanks', () => {
  const read = parseDimensions('pair, port');
  expect('dimensions' in read && read.dimensions.map(({ name }) => name)).toEqual(['src', 'dst', 'port']);
});

test('what is wrong with it', () => {
  expect(parseDimensions('src,pair')).toEqual({ repeated: 'src' });
  expect(parseDimensions('src,procss')).toMatchObject({ unknown: 'procss', meant: 'process' });
  expect(parseDimensions('')).toMatchObject({ unknown: '' });
  // Names of what every object has are no aliases.
  expect(parseDimensions('constructor')).toMatchObject({ unknown: 'constructor' });
});
