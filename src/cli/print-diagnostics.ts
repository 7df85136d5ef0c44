import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { SourceTexts } from '../manifest/resource.ts';
import { ExitCode } from './command.ts';
import type { Io } from './io.ts';

/** Returns 1 when a diagnostic is at least as severe as `least`, `error`, `warning` or `note`. */
export function diagnosticsExitCode(diagnostics: readonly Diagnostic[], least: unknown): ExitCode {
  const levels = ['error', 'warning', 'note'];
  const threshold = levels.indexOf(String(least));
  const failing = diagnostics.some(({ severity }) => levels.indexOf(severity) <= threshold);
  return failing ? ExitCode.problems : ExitCode.clean;
}

/** Prints diagnostics in the form that `--output` names; text when it names none. */
export async function printDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: SourceTexts,
  form: unknown,
  io: Io,
): Promise<void> {
  switch (form) {
    case 'json': {
      const { renderJson } = await import('../diagnostic/render/json.ts');
      io.out(`${JSON.stringify(renderJson(diagnostics), null, 2)}\n`);
      break;
    }
    case 'sarif': {
      const { renderSarif } = await import('../diagnostic/render/sarif.ts');
      const { codes } = await import('./codes.ts');
      const { version } = await import('../agent/version.ts');
      io.out(`${JSON.stringify(renderSarif(diagnostics, { codes, version, sources }), null, 2)}\n`);
      break;
    }
    case 'github': {
      const { renderGithub } = await import('../diagnostic/render/github.ts');
      io.out(renderGithub(diagnostics));
      break;
    }
    case 'md': {
      const { renderMarkdown } = await import('../diagnostic/render/markdown.ts');
      io.out(renderMarkdown(diagnostics));
      break;
    }
    default: {
      const { renderTerminal } = await import('../diagnostic/render/terminal.ts');
      io.out(renderTerminal(diagnostics, { sources, style: io.style, columns: io.columns }));
    }
  }
}
