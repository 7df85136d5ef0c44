import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { LiveRules } from '../../agent/rules/system-calls.ts';
import { alertJson, alertText, defaultAlertOptions } from '../../rules/format/alert.ts';
import { FailedError } from '../command.ts';
import type { Io } from '../io.ts';
import { loadRuleFiles } from './load-rule-files.ts';

/** Asks the rules of these files of what happens on this machine; prints alerts as Falco does. Throws FailedError. */
export async function watchRules(
  paths: readonly string[],
  io: Io,
  options: { readonly json: boolean; readonly say: (text: string) => void },
): Promise<LiveRules> {
  const { rules, diagnostics } = await loadRuleFiles(paths, io);
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  if (errors > 0)
    options.say(
      `warning: ${errors} error${errors === 1 ? '' : 's'} in the rules; picket rules check shows them`,
    );
  const print = options.json ? alertJson : alertText;
  const names = {
    userName: accounts('/etc/passwd'),
    groupName: accounts('/etc/group'),
    hostname: hostname(),
  };
  try {
    const live = new LiveRules(rules, names, {
      alert: (alert) => io.out(`${print(alert, { ...defaultAlertOptions, json: options.json })}\n`),
      lost: (counts) => {
        const which = [...counts].map(([type, count]) => `${type} ${count}`).join(', ');
        options.say(`warning: the kernel had no room for events: ${which}; rules may have missed something`);
      },
    });
    const active = rules.filter(({ enabled, source }) => enabled && source === 'syscall').length;
    options.say(
      `rules    ${active} on system calls${live.unseen.length === 0 ? '' : `, ${live.unseen.length} of them never asked`}`,
    );
    for (const { name } of live.unseen)
      options.say(`warning: this sensor gives no event that the rule asks for: ${name}`);
    return live;
  } catch (error) {
    throw new FailedError(
      (error as Error).message,
      'picket doctor says what is missing; leave out --rules to do without',
    );
  }
}

/** Names by number of a file of accounts (passwd(5), group(5)). */
function accounts(path: string): (id: number) => string | undefined {
  try {
    const lines = readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
    const names = new Map(lines.map(([name = '', , id]) => [Number(id), name]));
    return (id) => names.get(id);
  } catch {
    return () => undefined;
  }
}
