import { visible } from '../../../diagnostic/render/cells.ts';
import { UsageError } from '../../command.ts';
import { displayWidth } from '../../table.ts';
import { graphOf, portsLabel } from './graph.ts';
import { layOut } from './layout.ts';
import type { ReachModel } from './model.ts';
import {
  column,
  type GraphNode,
  lineHeight,
  type Picture,
  type PlacedEdge,
  type PlacedNode,
  type Point,
} from './picture.ts';
import { legendText, pictureStyle } from './style.ts';

/** Arrows that a picture holds; of more, nobody follows one. */
const maxArrows = 250;

/** Returns the picture of a model as a whole SVG document. Throws UsageError when it would have too many arrows. */
export function svgOf(model: ReachModel): string {
  const picture = pictureOf(model);
  if (typeof picture === 'number') {
    throw new UsageError(
      `the picture would have ${picture} arrows, more than the ${maxArrows} that can be read`,
      'narrow it, e.g. --filter namespace=shop; -o html shows the matrix of all, and dot draws any number',
    );
  }
  const { width, height } = picture;
  const [w, h] = [Math.ceil(Math.max(width, 420)), Math.ceil(height + legendHeight + titleHeight)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" role="img" aria-labelledby="title description">`,
    '<title id="title">Who can reach whom</title>',
    `<desc id="description">${xml(describe(model))}</desc>`,
    `<style>${pictureStyle}</style>`,
    `<rect class="paper" width="${w}" height="${h}"/>`,
    '<text class="heading" x="20" y="30">Who can reach whom</text>',
    `<g transform="translate(0 ${titleHeight})">${drawing(picture)}</g>`,
    legend(h - legendHeight + 12),
    '</svg>\n',
  ].join('\n');
}

const titleHeight = 36;
const legendHeight = 40;

/** Returns the laid out picture, or the number of its arrows when they are too many. */
export function pictureOf(model: ReachModel): Picture | number {
  const graph = graphOf(model);
  return graph.edges.length > maxArrows ? graph.edges.length : layOut(graph);
}

/** Returns what the picture shows in a sentence or two, for those who do not see it. */
export function describe({ ends, groups, counts }: ReachModel): string {
  const grouped = groups.length < ends.length ? ` in ${groups.length} groups of ends that are alike` : '';
  return (
    `${ends.length} ends${grouped}; ${counts.pairs} pairs, ${counts.closed} of them closed. Arrows lead from who opens a ` +
    'connection to who is reached and name the ports; dashed ones are not known. Pairs without an arrow are closed.'
  );
}

/** Returns the inside of a picture: namespaces, then arrows, then boxes, then the texts on arrows. */
export function drawing({ nodes, edges, namespaces }: Picture): string {
  return [
    `<defs>${marker('allow')}${marker('unknown')}</defs>`,
    ...namespaces.map(
      ({ x, y, width, height }) =>
        `<rect class="namespace" x="${n(x - width / 2)}" y="${n(y - height / 2)}" width="${n(width)}" height="${n(height)}" rx="10"/>`,
    ),
    ...edges.map(arrow),
    ...nodes.map(box),
    ...edges.map(arrowLabel),
    ...namespaces.map(
      ({ title }) =>
        `<text class="title" x="${n(title.x - title.width / 2)}" y="${n(title.y + 4)}">${xml(title.text)}</text>`,
    ),
  ].join('\n');
}

function marker(outcome: string): string {
  return `<marker id="arrow-${outcome}" class="${outcome}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z"/></marker>`;
}

function arrow({ edge, points }: PlacedEdge): string {
  const { source, destination, outcome, both } = edge;
  const tail = both ? ` marker-start="url(#arrow-${outcome})"` : '';
  return `<path class="arrow ${outcome}" data-source="${source}" data-destination="${destination}" d="${curve(points)}" marker-end="url(#arrow-${outcome})"${tail}/>`;
}

function arrowLabel({ edge, label }: PlacedEdge): string {
  const { source, destination, outcome, ports } = edge;
  const { x, y, width, height, text } = label;
  return (
    `<g class="ports ${outcome}" data-source="${source}" data-destination="${destination}"><title>${xml(portsLabel(outcome, ports))}</title>` +
    `<rect x="${n(x - width / 2)}" y="${n(y - height / 2)}" width="${n(width)}" height="${n(height)}" rx="3"/>` +
    `<text x="${n(x)}" y="${n(y + 3.7)}">${xml(text)}</text></g>`
  );
}

function box({ node, x, y, width, height }: PlacedNode): string {
  const [left, top] = [x - width / 2, y - height / 2];
  const radius = node.kind === 'workload' || node.kind === 'unseen' ? 6 : height / 2;
  const lines = node.lines.map(({ text, role }, at) => {
    const base = y + lineHeight * (at + 0.5 - node.lines.length / 2) + 4;
    return `<text class="${role}" x="${n(x)}" y="${n(base)}">${xml(text)}</text>`;
  });
  return (
    `<g class="end ${node.kind}" data-node="${node.id}" data-groups="${node.groups.join(' ')}"><title>${xml(titleOf(node))}</title> ` +
    `<rect x="${n(left)}" y="${n(top)}" width="${n(width)}" height="${n(height)}" rx="${n(Math.min(radius, 18))}"/>${lines.join(' ')}</g>`
  );
}

function titleOf({ namespace, title, kind }: GraphNode): string {
  return namespace === undefined || kind === 'all' ? title : `${namespace}: ${title}`;
}

function legend(y: number): string {
  const sample = (x: number, outcome: 'allow' | 'unknown') =>
    `<path class="arrow ${outcome}" d="M${x} ${y}h34" marker-end="url(#arrow-${outcome})"/><text class="detail start" x="${x + 42}" y="${y + 4}">${legendText[outcome]}</text>`;
  const second = 20 + 42 + displayWidth(legendText.allow) * column.detail + 24;
  return `<g class="legend">${sample(20, 'allow')}${sample(Math.ceil(second), 'unknown')}</g>`;
}

/** A path through the points that runs level at each of them. */
function curve([first, ...rest]: readonly Point[]): string {
  if (first === undefined) return '';
  let from = first;
  const parts = rest.map((to) => {
    const middle = n((from.x + to.x) / 2);
    const part = `C${middle} ${n(from.y)} ${middle} ${n(to.y)} ${n(to.x)} ${n(to.y)}`;
    from = to;
    return part;
  });
  return `M${n(first.x)} ${n(first.y)}${parts.join('')}`;
}

function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Returns the text for XML and HTML, in elements and attributes, with what could act on a page made visible. */
export function xml(text: string): string {
  return visible(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
