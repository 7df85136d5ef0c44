import { renderTerminal } from '../../../diagnostic/render/terminal.ts';
import type { SourceTexts } from '../../../manifest/resource.ts';
import { packetText } from '../../../posture/assertions/report.ts';
import type { Style } from '../../io.ts';
import { printable } from '../../table.ts';
import { countsOf, type TestRun } from './tested.ts';

/** Returns a line for each assertion (only those that fail when `quiet`), and every failure with its place and reason. */
export function testText(
  run: TestRun,
  sources: SourceTexts,
  style: Style,
  columns: number,
  quiet: boolean,
): string {
  const lines: string[] = [];
  for (const { assertion, passed, pairs, counterexamples } of run.tested) {
    const place = `${assertion.span.file}:${assertion.span.start.line}:${assertion.span.start.column}`;
    const many = `${pairs} pair${pairs === 1 ? '' : 's'}`;
    if (passed) {
      if (!quiet) lines.push(`${style('green', 'ok  ')} ${printable(assertion.name)} ${style('dim', many)}`);
      continue;
    }
    lines.push(
      `${style(['red', 'bold'], 'FAIL')} ${printable(assertion.name)}  ${style('dim', printable(place))}`,
    );
    for (const { packet, outcome } of counterexamples) {
      lines.push(`       ${outcome}: ${printable(packetText(packet))}`);
    }
  }
  const diagnostics = [...run.faults, ...run.tested.flatMap((one) => one.diagnostics)];
  const blocks = lines.length > 0 ? [`${lines.join('\n')}\n`] : [];
  if (diagnostics.length > 0) blocks.push(renderTerminal(diagnostics, { sources, style, columns }));
  const { passed, failed, faults } = countsOf(run);
  const parts = [
    ...(failed > 0 ? [style('red', `${failed} failed`)] : []),
    style(failed + faults > 0 ? 'dim' : 'green', `${passed} passed`),
    ...(faults > 0 ? [style('red', `${faults} could not be read`)] : []),
  ];
  blocks.push(`assertions: ${parts.join(', ')}\n`);
  return blocks.join('\n');
}
