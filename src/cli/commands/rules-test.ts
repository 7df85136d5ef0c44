import { dirname, join } from 'node:path';
import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';

export const rulesTestCommand: CommandDefinition = {
  name: 'rules test',
  arguments: '[paths...]',
  summary: 'unit tests of Falco rules',
  description:
    'Runs files of rule tests (*.rules-test.yaml in folders): each names rules files and gives events, made up or of a capture, with the rules that must ' +
    'fire on them. A rule that fires and is not named fails the test. Exit code 1 when a test fails or cannot be read.',
  options: [outputOption('text', 'json', 'junit'), { flags: '-q, --quiet', description: 'only what fails' }],
  examples: [
    { command: 'picket rules test tests/', does: 'every *.rules-test.yaml below a folder' },
    { command: 'picket rules test shadow.rules-test.yaml -o junit > rules.xml', does: 'for a CI server' },
  ],
  async run({ args, options }, io) {
    if (args.length === 0) throw new UsageError('no tests named', 'name files or folders');
    const { readInputs } = await import('../inputs.ts');
    const { decodeText } = await import('../../manifest/decode.ts');
    const { fileText } = await import('../../manifest/embedded.ts');
    const { readRuleTests } = await import('../../rules/testing/read-tests.ts');
    const { runRuleTest } = await import('../../rules/testing/run-test.ts');
    const { loadRuleFiles } = await import('../rules/load-rule-files.ts');
    const { openRecording } = await import('../rules/open-recording.ts');
    const { renderTerminal } = await import('../../diagnostic/render/terminal.ts');
    const { testResults } = await import('../rules/test-results.ts');
    const { files } = await readInputs(args, io);
    const tests = files.filter(({ name }) => args.includes(name) || /\.rules-test\.ya?ml$/.test(name));
    if (tests.length === 0)
      throw new UsageError('no tests found', 'files of rule tests end in .rules-test.yaml');
    const results = [];
    for (const { name, bytes } of tests) {
      const text = fileText(name, decodeText(bytes).text);
      const { file, diagnostics } = readRuleTests(text);
      if (diagnostics.length > 0) {
        io.err(
          renderTerminal(diagnostics, {
            sources: new Map([[name, text.text]]),
            style: io.errStyle,
            columns: io.columns,
          }),
        );
      }
      if (file === undefined) {
        results.push({ file: name, readable: false, tests: [] });
        continue;
      }
      const below = (path: string) => (path.startsWith('/') ? path : join(dirname(name), path));
      const { rules, correlations, diagnostics: faults } = await loadRuleFiles(file.rules.map(below), io);
      const errors = faults.filter(({ severity }) => severity === 'error').length;
      if (errors > 0)
        io.err(
          `${io.errStyle('yellow', 'warning')}: ${errors} error${errors === 1 ? '' : 's'} in the rules of ${name} (picket rules check shows them); rules with one are left out\n`,
        );
      results.push({
        file: name,
        readable: true,
        tests: file.tests.map((test) =>
          test.capture === undefined
            ? runRuleTest(test, { rules, correlations })
            : openRecording(below(test.capture), io).visit((events) =>
                runRuleTest(test, { rules, correlations }, events),
              ),
        ),
      });
    }
    io.out(testResults(results, String(options.output), options.quiet === true, io.style));
    const failed = results.some(({ readable, tests: ran }) => !readable || ran.some(({ passed }) => !passed));
    return failed ? ExitCode.problems : ExitCode.clean;
  },
};
