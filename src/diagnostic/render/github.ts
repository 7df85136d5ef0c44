import type { Diagnostic, Severity } from '../diagnostic.ts';

const commands: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', note: 'notice' };

/**
 * The diagnostics as GitHub Actions workflow commands, one a line, which the runner turns into annotations of the lines
 * (docs.github.com: "Workflow commands for GitHub Actions"). Percent, line ends, and in properties colon and comma are
 * escaped, so that no name in a manifest can start a command of its own.
 */
export function renderGithub(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map(({ code, severity, message, span, help }) => {
      const place = span
        ? [
            `file=${property(span.file)}`,
            `line=${span.start.line}`,
            `col=${span.start.column}`,
            `endLine=${span.end.line}`,
            ...(span.end.line === span.start.line ? [`endColumn=${span.end.column}`] : []),
          ]
        : [];
      const title = `title=${property(code)}`;
      const text = help === undefined ? message : `${message}\nhelp: ${help}`;
      return `::${commands[severity]} ${[...place, title].join(',')}::${data(text)}\n`;
    })
    .join('');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
