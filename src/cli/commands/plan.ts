import { desiredOptions, machineOptions } from '../apply/options.ts';
import { type CommandDefinition, ExitCode, outputOption } from '../command.ts';

export const planCommand: CommandDefinition = {
  name: 'plan',
  arguments: '[paths...]',
  summary: 'what a change of the packet filter of this machine would do',
  description:
    "Compares the wanted state of Picket's own table, `inet picket`, with what the kernel has, and says what a change would do: to the text, to " +
    'connections that are open, to those of the last seven days in the store, and whether it would cut what the machine is managed by or lives ' +
    'on (ssh, name servers, DHCP, the API server, the kubelet, tunnels, pods). Tables of others are read, judged together with it, and never changed. ' +
    'Changes nothing. Exit code 0 where the table is as wanted, 1 where a change is pending.',
  options: [...desiredOptions, ...machineOptions, outputOption('text', 'json')],
  examples: [
    { command: 'picket plan picket.yaml', does: 'what the declared HostFirewall would change' },
    { command: 'picket plan --nft edge.nft', does: 'the same for a table that you wrote' },
    { command: 'picket plan --nft edge.nft --admin 203.0.113.0/28', does: 'and must not cut these from ssh' },
    { command: 'picket plan --nft edge.nft -o json | jq .risks', does: 'for scripts' },
  ],
  async run({ args, options }, io) {
    const { readDesired } = await import('../apply/desired.ts');
    const { adminsOf } = await import('../apply/options.ts');
    const { openControl } = await import('../apply/control.ts');
    const { makePlan } = await import('../apply/plan-report.ts');
    const { tellingRefusals } = await import('../apply/refusal.ts');
    const admins = adminsOf(options);
    const desired = await readDesired({ args, options }, io);
    if (desired === undefined) return ExitCode.problems;
    const control = await openControl(options, io);
    const pending = control.log.pending();
    if (pending !== undefined)
      io.err(
        `${io.errStyle('yellow', 'note')}: change ${pending.change} waits for its confirmation until ${pending.until}\n`,
      );
    return tellingRefusals(desired, io, async () => {
      const report = await makePlan(control, desired, [...admins, ...desired.admins], options, io);
      const { planJson } = await import('../apply/report-json.ts');
      const { planText } = await import('../apply/report-text.ts');
      io.out(
        options.output === 'json'
          ? `${JSON.stringify(planJson(report), null, 2)}\n`
          : planText(report, io.style),
      );
      return report.change.isEmpty ? ExitCode.clean : ExitCode.problems;
    });
  },
};
