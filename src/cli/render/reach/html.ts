import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { version } from '../../../agent/version.ts';
import { visible } from '../../../diagnostic/render/cells.ts';
import type { Answer } from './answers.ts';
import type { ReachModel } from './model.ts';
import { pictureStyle } from './style.ts';
import { describe, drawing, pictureOf, xml } from './svg.ts';

/**
 * Returns the matrix as one page that needs nothing else: no request, no inline handler; its own script and styles are
 * the only ones its policy lets run (CSP Level 3). Everything out of manifests is data in a block that is never run.
 */
export function htmlOf(model: ReachModel): string {
  const style = `${asset('page/page.css')}\n${pictureStyle}`;
  const script = asset('page/page.js');
  const policy = `default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}; img-src data:; base-uri 'none'; form-action 'none'`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta name="generator" content="picket ${xml(version)}">`,
    '<title>Who can reach whom</title>',
    '<link rel="icon" href="data:,">',
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    body(model),
    `<script type="application/json" id="data">${jsonBlock(dataOf(model))}</script>`,
    `<script>${script}</script>`,
    '</body>',
    '</html>\n',
  ].join('\n');
}

function asset(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** JSON that cannot end its script element (html.spec.whatwg.org, "Restrictions for contents of script elements"). */
export function jsonBlock(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

function body(model: ReachModel): string {
  return `<header>
<h1>Who can reach whom</h1>
<p id="summary">${model.ends.length} ends, ${model.counts.pairs} pairs, ${model.counts.closed} of them closed</p>
</header>
<main>
<nav aria-label="Ends">
<label for="search">Filter ends</label>
<input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="name or namespace">
<p id="found" role="status"></p>
<ul id="ends"></ul>
</nav>
<section id="views" aria-label="Views">
<div role="tablist" aria-label="View">
<button type="button" role="tab" id="tab-matrix" aria-controls="matrix" aria-selected="true">Matrix</button>
<button type="button" role="tab" id="tab-graph" aria-controls="graph" aria-selected="false" tabindex="-1">Graph</button>
</div>
<div role="tabpanel" id="matrix" aria-labelledby="tab-matrix" tabindex="0"></div>
<div role="tabpanel" id="graph" aria-labelledby="tab-graph" tabindex="0" hidden>${graphPanel(model)}</div>
<p class="key"><span class="mark allow">✓</span> allowed <span class="mark unknown">?</span> not known from the manifests <span class="mark"></span> closed</p>
</section>
<aside id="details" aria-live="polite" aria-label="Details"></aside>
</main>
<noscript><p>This page shows its matrix with a script of its own; scripts are off.</p></noscript>`;
}

function graphPanel(model: ReachModel): string {
  const picture = pictureOf(model);
  if (typeof picture === 'number') {
    return `<p class="empty">The graph would have ${picture} arrows, more than can be read. Narrow it: <code>picket reach … --filter namespace=NAME -o html</code></p>`;
  }
  const [width, height] = [Math.ceil(picture.width), Math.ceil(picture.height)];
  return `<div class="zoom"><button type="button" id="smaller" aria-label="Smaller">−</button><button type="button" id="larger" aria-label="Larger">+</button><button type="button" id="fit">Fit</button></div>
<svg id="picture" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="group" aria-label="${xml(describe(model))}">
${drawing(picture)}
</svg>`;
}

/** What the script works on. Texts are made harmless here; it only ever sets them as text. */
function dataOf({ ends, groups, links }: ReachModel): unknown {
  const answers = new Map<Answer, number>();
  const cells = links.map(({ source, destination, answer }) => {
    if (!answers.has(answer)) answers.set(answer, answers.size);
    return [source, destination, answers.get(answer)];
  });
  const group = new Map(groups.flatMap(({ index, members }) => members.map((end) => [end, index] as const)));
  return {
    ends: ends.map((end) => ({
      name: visible(end.id),
      kind:
        end.workloadKind ??
        { workload: '', external: 'outside', entry: 'way in', unseen: 'not declared' }[end.kind],
      place: end.span === undefined ? '' : visible(`${end.span.file}:${end.span.start.line}`),
      group: group.get(end),
    })),
    groups: groups.map(({ members }) => members.map(({ index }) => index)),
    cells,
    answers: [...answers.keys()].map(({ text }) => ({ allow: text.allow, unknown: text.unknown })),
  };
}
