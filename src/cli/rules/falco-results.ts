import type { LoadFinding } from '../../rules/load/findings.ts';
import type { RuleFiles } from './load-rule-files.ts';

/** Returns what `falco -V … -o json_output=true` prints of the files. */
export function falcoResults({ names, findings, sources }: RuleFiles) {
  return {
    falco_load_results: names.map((name) => {
      const own = findings.filter(({ span }) => span.file === name);
      const errors = own.filter(({ code }) => code.severity === 'error');
      return {
        errors: errors.map((finding) => resultOf(finding, sources.get(name) ?? '')),
        name,
        successful: errors.length === 0,
        warnings: own
          .filter(({ code }) => code.severity === 'warning')
          .map((finding) => resultOf(finding, sources.get(name) ?? '')),
      };
    }),
  };
}

function resultOf({ code, message, context, span }: LoadFinding, text: string) {
  return {
    code: code.falco,
    codedesc: code.falcoTitle,
    context: {
      locations: context.map(({ type, name, span: place }) => ({
        item_name: name,
        item_type: type,
        position: positionOf(place),
      })),
      snippet: snippet(text, span),
    },
    message,
  };
}

/** Lines and columns from 0, as Falco counts. */
function positionOf({ file, start }: LoadFinding['span']) {
  return { column: start.column - 1, line: start.line - 1, name: file, offset: start.offset };
}

/** The line of the problem with a caret below its first sign. */
function snippet(text: string, { start }: LoadFinding['span']): string {
  const line = text.split('\n')[start.line - 1] ?? '';
  return `${line}\n${' '.repeat(Math.max(0, start.column - 1))}^\n`;
}
