import { ExitCode, type Invocation } from '../command.ts';
import type { Io } from '../io.ts';
import { type Applied, appliedJson, applyDesired } from './apply-change.ts';
import { bootNote } from './boot-note.ts';
import type { FirewallControl } from './control.ts';
import type { DesiredState } from './desired.ts';
import { tellingRefusals } from './refusal.ts';
import { planText } from './report-text.ts';

/** Applies a wanted state and tells of it, as the options want it told; returns the exit code. */
export async function runApply(
  control: FirewallControl,
  desired: DesiredState,
  options: Invocation['options'],
  io: Io,
): Promise<ExitCode> {
  const isJson = options.output === 'json';
  return tellingRefusals(desired, io, async () => {
    const applied = await applyDesired(control, desired, options, io, (report) => {
      if (!isJson) io.out(planText(report, io.style));
    });
    if (isJson) io.out(`${JSON.stringify(appliedJson(applied), null, 2)}\n`);
    else io.out(outcomeText(applied));
    const { outcome } = applied.output;
    if (outcome === 'confirmed') await bootNote(control, io);
    return outcome === 'refused' || outcome === 'rolled back' ? ExitCode.problems : ExitCode.clean;
  });
}

function outcomeText({ output: { outcome, change, until, why } }: Applied): string {
  switch (outcome) {
    case 'nothing':
    case 'refused':
      return '';
    case 'waiting':
      return `change ${change} is in force until ${until}; then the old state comes back, unless you run: picket confirm\n`;
    case 'confirmed':
      return `change ${change} is in force and confirmed\n`;
    case 'rolled back':
      return `change ${change} was rolled back: ${why}\n`;
  }
}
