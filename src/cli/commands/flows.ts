import type { Flow } from '../../flow/flow.ts';
import { groupOptions } from '../ask-flows.ts';
import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';
import { queryOptions } from '../query.ts';

export const flowsCommand: CommandDefinition = {
  name: 'flows',
  arguments: '[filter...]',
  summary: 'query the connections of the store',
  description:
    'Lists connections, newest last, also while `picket run` is writing them; with --by, --bucket, --count or --from it adds them up. ' +
    'The filter is the one of the page: terms such as src=, dst=, port=, bytes>, state=, verdict=, process=, joined by and, ' +
    'or, not and parentheses. --by takes, joined by commas: src, dst, pair, src-address, dst-address, port, proto, workload, ' +
    'src-workload, dst-workload, ns, src-ns, dst-ns, process, verdict, state, observer, exporter, input, output, vlan, tunnel, ' +
    'name, minute, hour, day.',
  options: [
    ...queryOptions,
    ...groupOptions,
    { flags: '--follow', description: 'go on with what comes, until interrupted' },
    { flags: '--for <duration>', description: 'with --follow: end after this' },
    outputOption('text', 'table', 'json', 'jsonl', 'csv'),
  ],
  examples: [
    { command: 'picket flows verdict=deny --since 1h', does: 'what the policies forbid' },
    { command: "picket flows 'dst=198.51.100.0/24 and not port=443'", does: 'by network and port' },
    { command: 'picket flows process=curl -o jsonl', does: 'for other tools' },
    { command: 'picket flows --by src,dst --top 10 --since 1h', does: 'who moves most bytes to whom' },
    { command: 'picket flows port=53 --by src --order flows', does: 'who asks most names' },
    { command: 'picket flows --by dst,port --bucket 1m --since 2h', does: 'what is used, over time' },
    {
      command: "picket flows 'state=refused or state=timed-out' --by src --order destinations",
      does: 'who tries most',
    },
    { command: 'picket flows verdict=deny --follow', does: 'as they come' },
  ],
  async run({ args, options }, io) {
    const { limitOf, queryStore } = await import('../query.ts');
    const { askFlows, asksForGroups } = await import('../ask-flows.ts');
    const { flowToJson } = await import('../../flow/json.ts');
    const filter = args.join(' ');
    const { output } = options;
    if (options.for !== undefined && options.follow !== true)
      throw new UsageError('--for goes with --follow', 'take --since for flows of the last hours');
    if (asksForGroups(options)) {
      if (options.follow === true)
        throw new UsageError('--follow shows single flows', 'leave out --by, --bucket, --count and --from');
      const { answerJson, groupJson } = await import('../../flow/ask/answer-json.ts');
      const { answerNote, groupCsv, groupTable } = await import('../flow-groups.ts');
      const { query, answer } = await askFlows(filter, options, io);
      if (output === 'json') io.out(`${JSON.stringify(answerJson(query, answer), null, 2)}\n`);
      else if (output === 'jsonl')
        for (const group of answer.groups) io.out(`${JSON.stringify(groupJson(query, group))}\n`);
      else if (output === 'csv') io.out(groupCsv(query, answer));
      else if (answer.total.flows === 0) io.err('no flows match\n');
      else io.out(groupTable(query, answer, io));
      if (output !== 'json' && answer.total.flows + answer.ungrouped > 0) io.err(answerNote(answer));
      return ExitCode.clean;
    }
    const { flowLine, flowTable } = await import('../flow-text.ts');
    if (options.follow === true) {
      const { followFlows } = await import('../follow-flows.ts');
      const { clockTime, parseDuration } = await import('../time.ts');
      if (output !== 'text' && output !== 'jsonl')
        throw new UsageError(`--follow cannot be written as ${output}`, 'take -o text or -o jsonl');
      const lasting = typeof options.for === 'string' ? parseDuration(options.for) : Infinity;
      await followFlows(filter, limitOf(options), lasting, options, io, (flow) => {
        const json = flowToJson(flow);
        io.out(
          output === 'jsonl'
            ? `${JSON.stringify(json)}\n`
            : `${clockTime(flow.openedAt)} ${flowLine(json)}\n`,
        );
      });
      return ExitCode.clean;
    }
    const found = await queryStore('flows', filter, options, io);
    const json = found.map(flowToJson);
    if (output === 'json') io.out(`${JSON.stringify({ schemaVersion: 1, flows: json }, null, 2)}\n`);
    else if (output === 'jsonl') for (const flow of json) io.out(`${JSON.stringify(flow)}\n`);
    else if (output === 'csv') io.out(await flowCsv(found));
    else if (found.length === 0) io.err('no flows match\n');
    else io.out(flowTable(json.toReversed(), io.style));
    return ExitCode.clean;
  },
};

/** The same table as `picket replay --write csv` makes. */
async function flowCsv(flows: readonly Flow[]): Promise<string> {
  const { csvWriter } = await import('../../flow/logs/write-csv.ts');
  const { version } = await import('../../agent/version.ts');
  const writer = csvWriter.open({ now: Date.now(), version });
  return [writer.head(), ...flows.map((flow) => writer.flow(flow)), writer.tail()].join('');
}
