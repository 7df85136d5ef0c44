import { expect, test } from 'vitest';
import { PortSet } from '../../../net/port-set.ts';
import type { ReachRow } from '../../../posture/reach/matrix.ts';
import { UsageError } from '../../command.ts';
import { htmlOf } from './html.ts';
import { Matrix } from './matrix.ts';
import { modelOf } from './model.ts';
import { svgOf } from './svg.ts';

/** `count` ends; end i may reach end j as `ports(i, j)` says, 0 for not at all. */
function matrix(count: number, ports: (source: number, destination: number) => number): Matrix {
  const ends = Array.from(
    { length: count },
    (_, index) => ({ kind: 'unseen', text: `end ${index}` }) as const,
  );
  function* rows(): Generator<ReachRow> {
    for (const [i, source] of ends.entries()) {
      for (const [j, destination] of ends.entries()) {
        const port = ports(i, j);
        const allowed = port === 0 ? PortSet.empty : PortSet.of(port);
        yield { source, destination, ports: [{ protocol: 'TCP', allowed, unknown: PortSet.empty }] };
      }
    }
  }
  return new Matrix(rows, { scope: {}, closed: false });
}

const model = (count: number, ports: (source: number, destination: number) => number) =>
  modelOf(matrix(count, ports), () => {});

test('few ends are each a group of their own', () => {
  const { groups, links } = model(60, (i, j) => (i < j ? 80 : 0));
  expect(groups).toHaveLength(60);
  expect(links).toHaveLength((60 * 59) / 2);
});

test('many ends that are alike are one group, with what is said among them', () => {
  const { groups, links } = model(100, (i, j) => (j < 50 ? 80 : i < 50 ? 443 : 0));
  expect(groups.map(({ members }) => members.length)).toEqual([50, 50]);
  expect(
    links.map(({ source, destination, answer }) => `${source} ${destination} ${answer.text.allow}`),
  ).toEqual(['0 0 TCP 80', '0 1 TCP 443', '1 0 TCP 80']);
});

test('what no picture can show is refused with a way to narrow it', () => {
  expect(() => model(1_501, () => 0)).toThrow(UsageError);
  expect(() => model(1_501, () => 0)).toThrow(/at most 1500 ends/);
});

test('too many arrows: no picture, but a page that says so beside its matrix', () => {
  const tangled = model(30, (i, j) => 1 + ((i * 31 + j * 17) % 1000));
  expect(() => svgOf(tangled)).toThrow(/the picture would have \d+ arrows/);
  const html = htmlOf(tangled);
  expect(html).toContain('more than can be read');
  expect(html).not.toContain('<svg');
});

test('nothing at all is still a picture and a page', () => {
  const nothing = model(0, () => 0);
  expect(svgOf(nothing)).toMatch(/<\/svg>\n$/);
  expect(htmlOf(nothing)).toMatch(/<\/html>\n$/);
});
