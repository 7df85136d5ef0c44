import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Capabilities } from '../event/capabilities.ts';
import { syscallSource } from '../event/syscall-source.ts';
import { fileText } from '../manifest/embedded.ts';
import { faithful } from '../rules/faithful.ts';
import { loadRules } from '../rules/load/load.ts';
import type { SourceCatalogue } from '../rules/operand-type.ts';
import { falcoData } from '../rules/regression/cases.fixture.ts';
import { capabilitiesOf, recordingCapabilities } from './capabilities.ts';

const folder = join(falcoData, 'rules');
const skip = existsSync(folder) ? undefined : `needs ${folder}`;

describe.skipIf(skip)(
  `how many official rules can be evaluated as they are meant${skip ? `: ${skip}` : ''}`,
  () => {
    const names = ['falco_rules.yaml', 'falco-incubating_rules.yaml', 'falco-sandbox_rules.yaml'];
    const sources = new Map<string, SourceCatalogue>([['syscall', syscallSource]]);
    const { rules } = skip
      ? { rules: [] }
      : loadRules(
          names.map((name) => fileText(name, readFileSync(join(folder, name), 'utf8'))),
          { sources },
        );
    const result = (capabilities: Capabilities) =>
      new Map(rules.map(({ name, condition }) => [name, faithful([condition], syscallSource, capabilities)]));
    const states = (capabilities: Capabilities) => {
      const all = [...result(capabilities).values()].map(({ state }) => state);
      return [
        all.length,
        ...(['full', 'partial', 'none'] as const).map((one) => all.filter((each) => each === one).length),
      ];
    };

    test('with programs in the kernel', () => {
      expect(states(capabilitiesOf('bpf'))).toEqual([93, 72, 17, 4]);
      expect(states(capabilitiesOf('bpf', { containers: true }))).toEqual([93, 93, 0, 0]);
    });

    test('what recordings lack beside the engine of containers are names of addresses', () => {
      const lacking = [...result(recordingCapabilities({ containers: true }))].filter(
        ([, { state }]) => state !== 'full',
      );
      expect(
        lacking.flatMap(([, { missingFields, partialFields, missingTypes }]) => [
          ...missingFields,
          ...partialFields,
          ...missingTypes,
        ]),
      ).toEqual(['fd.sip.name', 'fd.cip.name', 'fd.sip.name']);
    });

    test('with trace events and /proc none wholly, some in part', () => {
      expect(states(capabilitiesOf('tracefs'))).toEqual([93, 0, 41, 52]);
      expect(states(capabilitiesOf('tracefs', { containers: true }))).toEqual([93, 0, 45, 48]);
    });

    test('in a recording all but what the engine tells', () => {
      expect(states(recordingCapabilities())).toEqual([93, 71, 16, 6]);
    });
  },
);

test('parameters that the programs do not copy are missing', () => {
  const { field } = capabilitiesOf('bpf');
  expect(field('sendmsg', 'evt.arg', 'tuple')).toBe('full');
  expect(field('accept', 'evt.arg', 'queuelen')).toBe('none');
  expect(field('execve', 'evt.args', undefined)).toBe('partial');
  expect(field('openat', 'evt.args', undefined)).toBe('full');
  // A parameter that a type never has is nothing that lacks.
  expect(field('openat', 'evt.arg', 'queuelen')).toBe('full');
});
