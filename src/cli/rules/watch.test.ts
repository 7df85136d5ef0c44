import { expect, test } from 'vitest';
import { fileText } from '../../manifest/embedded.ts';
import { loadRules } from '../../rules/load/load.ts';
import { UsageError } from '../command.ts';
import { eventSources } from './load-rule-files.ts';
import { tellUnaskedAudit, watchSystemCalls } from './watch.ts';

function told(text: string): string[] {
  const said: string[] = [];
  tellUnaskedAudit(loadRules([fileText('rules.yaml', text)], { sources: eventSources }), (line) =>
    said.push(line),
  );
  return said;
}

const rule = (name: string, more: string) =>
  `- rule: ${name}\n  desc: d\n  output: o\n  priority: NOTICE\n${more}`;
const audit = '  condition: ka.verb = get\n  source: k8s_audit\n';

test('rules on audit events that nothing gives are told', () => {
  expect(told(rule('a', audit) + rule('b', audit) + rule('off', `${audit}  enabled: false\n`))).toEqual([
    'warning: 2 rules of source k8s_audit will not be asked, for want of audit events: add --audit-log FILE or --ingest-listen ADDRESS',
  ]);
  expect(told(rule('off', `${audit}  enabled: false\n`))).toEqual([]);
  expect(told(rule('call', '  condition: evt.type = open\n'))).toEqual([]);
});

test.skipIf(process.getuid?.() !== 0)(
  'a recording that has no folder is wrong use (needs root)',
  async () => {
    const set = loadRules([], { sources: eventSources });
    const asked = { ...set, matching: 'first', staticFields: new Map(), bytesAsBase64: false };
    const watched = { asked };
    const record = { path: '/nowhere/at/all.picket', maxBytes: 8 * 2 ** 20 };
    const request = { sensor: 'auto', criSocket: 'none', record } as const;
    await expect(watchSystemCalls(watched as never, request, () => {})).rejects.toThrow(
      new UsageError(
        'there is no folder /nowhere/at to record in',
        'name another file with --record, in a folder that is there',
      ),
    );
  },
);
