import {
  type Diagnostic,
  diagnose,
  type Fix,
  type Span,
  type TextEdit,
} from '../../../diagnostic/diagnostic.ts';
import type { EmbeddedText } from '../../../manifest/embedded.ts';
import { connectingTools, socketViewers } from '../../../product/falco-rules.ts';
import type { FalcoItem } from '../../controls/falco.ts';
import type { Check } from '../definition.ts';

/** Tools that only look, among those that connect. */
export const socketViewersMatched: Check = {
  code: 'PKT1161',
  title: 'Alert on tools that only show sockets',
  class: 'product',
  severity: 'note',
  since: '0.2.0',
  doc: `The rule puts programs that only show sockets (\`${[...socketViewers].join('`, `')}\`) into one list with programs that open
connections. Administrators and monitoring run the former all day: each run is an alert of the same weight, and the alerts
that matter drown.

Take them out, or give them a rule of their own with a low priority.`,
  example: {
    bad: 'condition: spawned_process and proc.name in (nc, socat, ss, netstat)',
    good: 'condition: spawned_process and proc.name in (nc, socat)',
  },
  run({ controls }) {
    return controls.falcoRules.flatMap(({ items }) =>
      items.flatMap((item) =>
        item.type === 'list' ? inList(item) : inCondition(item.type === 'rule' ? item.condition : undefined),
      ),
    );
  },
};

function inList({ values }: FalcoItem): Diagnostic[] {
  const viewers = values.filter(({ value }) => socketViewers.has(value));
  const first = viewers[0];
  if (first === undefined || !values.some(({ value }) => connectingTools.has(value))) return [];
  return [
    finding(
      viewers.map(({ value }) => value),
      first.span,
      undefined,
    ),
  ];
}

function inCondition(condition: EmbeddedText | undefined): Diagnostic[] {
  if (condition === undefined) return [];
  return [...condition.text.matchAll(/\bproc\.name\s+in\s*\(([^()]*)\)/g)].flatMap((match) => {
    const start = match.index + match[0].length - 1 - (match[1] ?? '').length;
    const words = [...(match[1] ?? '').matchAll(/[^\s,]+/g)].map(({ 0: text, index }) => ({
      text,
      start: start + index,
      end: start + index + text.length,
    }));
    const viewers = words.filter(({ text }) => socketViewers.has(text));
    const [first] = viewers;
    const last = viewers.at(-1);
    if (first === undefined || last === undefined) return [];
    if (!words.some(({ text }) => connectingTools.has(text))) return [];
    const names = viewers.map(({ text }) => text);
    const isRun = words.indexOf(last) - words.indexOf(first) === viewers.length - 1;
    const before = words[words.indexOf(first) - 1];
    const edit = isRun && before ? removal(condition, before.end, last.end) : undefined;
    const span = condition.at(first.start, isRun ? last.end : first.end);
    return [finding(names, span, edit)];
  });
}

function removal(condition: EmbeddedText, start: number, end: number): TextEdit | undefined {
  const isOneLine = !condition.text.slice(start, end).includes('\n');
  return condition.exact && isOneLine ? { span: condition.at(start, end), text: '' } : undefined;
}

function finding(names: readonly string[], span: Span, edit: TextEdit | undefined): Diagnostic {
  const quoted = names.map((name) => `\`${name}\``).join(' and ');
  const isOne = names.length === 1;
  const fix: Fix | undefined = edit && { title: `take ${quoted} out`, safe: false, edits: [edit] };
  return diagnose(socketViewersMatched, {
    message: `${quoted} only show${isOne ? 's' : ''} sockets: each run by an administrator or by monitoring is an alert`,
    span,
    help: `take ${quoted} out, or match ${isOne ? 'it' : 'them'} in a rule of low priority`,
    ...(fix && { fix }),
  });
}
