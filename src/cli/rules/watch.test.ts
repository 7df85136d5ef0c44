import { expect, test } from 'vitest';
import { fileText } from '../../manifest/embedded.ts';
import { loadRules } from '../../rules/load/load.ts';
import { eventSources } from './load-rule-files.ts';
import { tellUnaskedAudit } from './watch.ts';

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
