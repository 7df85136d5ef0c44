import { LineIndex } from '../../../diagnostic/position.ts';
import { excerpt } from '../../../diagnostic/render/excerpt.ts';
import { markOf } from '../../../diagnostic/render/terminal.ts';
import type { Reason, Verdict } from '../../../flow/verdict.ts';
import type { SourceTexts } from '../../../manifest/resource.ts';
import type { ApiProtocol } from '../../../segmentation/protocol.ts';
import type { HttpRequest } from '../../../segmentation/request.ts';
import type { Style } from '../../io.ts';
import { printable, wrap } from '../../table.ts';
import type { ConnectionOutput } from './schema.ts';

/** One connection as the user named it. */
export interface AskedConnection {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: ApiProtocol;
  readonly request?: HttpRequest;
}

/** How a verdict is shown. */
export interface ConnectionView {
  readonly sources: SourceTexts;
  /** Whether source lines and changes are shown. */
  readonly explain: boolean;
}

const colours = { allow: 'green', deny: 'red', unknown: 'yellow' } as const;
/** What the excerpt's place is underlined in. */
const marks = { allow: 'green', deny: 'red', unknown: 'yellow' } as const;
const indent = '          ';
const widest = 110;

/** Returns the verdict with every layer in the order in which a packet meets them. Ends with a line feed. */
export function connectionText(
  asked: AskedConnection,
  verdict: Verdict,
  view: ConnectionView,
  { style, columns }: { readonly style: Style; readonly columns: number },
): string {
  const { from, to, port, protocol, request } = asked;
  const width = Math.min(columns, widest);
  const what = `${from} to ${to}:${port}/${protocol}${request === undefined ? '' : ` ${requestText(request)}`}`;
  const head = `${style([colours[verdict.outcome], 'bold'], verdict.outcome)}  ${printable(what)}`;
  const reasons = verdict.reasons.map((reason) => reasonText(reason, view, style, width));
  return `${[head, ...reasons, ...changesText(verdict, view, width)].join('\n')}\n`;
}

function reasonText(
  reason: Reason,
  { sources, explain }: ConnectionView,
  style: Style,
  width: number,
): string {
  const { direction, outcome, text, span, layer, change } = reason;
  const rows = [
    `  ${direction.padEnd(7)} ${style(colours[outcome], outcome)} (${layer})`,
    wrap(printable(text), width, indent),
  ];
  if (span !== undefined) {
    rows.push(indent + style('dim', printable(`${span.file}:${span.start.line}:${span.start.column}`)));
    const source = explain ? sources.get(span.file) : undefined;
    if (source !== undefined) {
      const index = new LineIndex(source);
      const lines = excerpt(index, [markOf(span, '', true)], marks[outcome], style, width - indent.length);
      rows.push(...lines.map((line) => indent + line));
    }
  }
  if (explain && change !== undefined) rows.push(changeText(change, style, width));
  return rows.join('\n');
}

function changeText(change: string, style: Style, width: number): string {
  const lead = 'change: ';
  const text = wrap(printable(change), width, indent + ' '.repeat(lead.length));
  return `${indent}${style('cyan', 'change')}: ${text.trimStart()}`;
}

/** That more than one layer would have to change; nothing when one change does. */
function changesText({ reasons }: Verdict, { explain }: ConnectionView, width: number): string[] {
  const closed = reasons.filter(({ outcome }) => outcome !== 'allow');
  if (!explain || closed.length < 2) return [];
  const said = closed.every(({ change }) => change !== undefined);
  return [
    wrap(
      said
        ? `It takes all ${closed.length} changes to open it.`
        : `${closed.length} reasons stand against it; each of them would have to change.`,
      width,
      '  ',
    ),
  ];
}

function requestText({ method, path, host, headers }: HttpRequest): string {
  const first = [method, path].filter((part) => part !== undefined).join(' ');
  const fields = [...(host === undefined ? [] : [`host: ${host}`])];
  for (const [name, value] of headers ?? []) fields.push(`${name}: ${value}`);
  return `(${[first, ...fields].filter((part) => part !== '').join(', ')})`;
}

/** Returns the verdict as one plain value for JSON. */
export function connectionJson(
  { request, ...asked }: AskedConnection,
  { outcome, reasons }: Verdict,
  { sources, explain }: ConnectionView,
): ConnectionOutput {
  return {
    schemaVersion: 1,
    ...asked,
    ...(request === undefined ? {} : { request: requestJson(request) }),
    outcome,
    reasons: reasons.map((reason) => {
      const text = explain && reason.span !== undefined ? sources.get(reason.span.file) : undefined;
      if (text === undefined || reason.span === undefined) return { ...reason };
      return { ...reason, source: new LineIndex(text).lineText(reason.span.start.line) };
    }),
  };
}

function requestJson({ headers, ...rest }: HttpRequest): NonNullable<ConnectionOutput['request']> {
  return headers === undefined ? rest : { ...rest, headers: Object.fromEntries(headers) };
}
