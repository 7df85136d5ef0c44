import { expect, test } from 'vitest';
import { postureOf } from '../../posture.fixture.ts';
import { findings, fixed } from '../checks.fixture.ts';
import { containerPluginLeftOut } from './container-plugin-left-out.ts';
import { falcoPods, falcoYaml, shippedList } from './falco-checks.fixture.ts';

test('the shipped rules and nothing that loads the plugin', () => {
  const text = falcoYaml(shippedList);
  expect(findings(containerPluginLeftOut, text)).toMatchObject([{ at: '/etc/falco/falco_rules.yaml' }]);
  expect(findings(containerPluginLeftOut, fixed(containerPluginLeftOut, text))).toEqual([]);
});

test('an error where the release is known', () => {
  const severity = (text: string) => containerPluginLeftOut.run(postureOf(text))[0]?.severity;
  expect(severity(falcoYaml(shippedList))).toBe('warning');
  expect(severity(falcoYaml(shippedList) + falcoPods(undefined, '0.41.0'))).toBe('error');
});

test.each([
  ['it is loaded', falcoYaml(`${shippedList}load_plugins: [container]`)],
  ['by the files of the image', falcoYaml(`${shippedList}config_files: [/etc/falco/config.d]`)],
  [
    'by an option',
    falcoYaml(shippedList) + falcoPods(undefined, undefined, '-o, "config_files[0]=/etc/falco/config.d"'),
  ],
  ['an older release', falcoYaml(shippedList) + falcoPods(undefined, '0.40.0')],
  ['other rules', falcoYaml('json_output: true\nrules_files: [/etc/mine.yaml]')],
])('nothing to say: %s', (_, text) => expect(findings(containerPluginLeftOut, text)).toEqual([]));
