import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { configDefaults } from './config-defaults.ts';
import { settingsYaml } from './nginx-checks.fixture.ts';

test('once for all keys', () => {
  const text = settingsYaml('ssl-protocols: "TLSv1.2 TLSv1.3"\nhsts: "false"\nssl-redirect: "true"');
  expect(findings(configDefaults, text)).toEqual([
    {
      at: 'data',
      message: '`ssl-protocols`, `ssl-redirect` are as the defaults and change nothing',
      help: 'delete them',
    },
  ]);
  expect(fixed(configDefaults, text)).toBe(settingsYaml('hsts: "false"'));
});

test('the only key is not deleted by an edit', () => {
  const text = settingsYaml('use-gzip: "false"');
  expect(findings(configDefaults, text)).toMatchObject([
    { message: '`use-gzip` is as the default and changes nothing', help: 'delete it' },
  ]);
  expect(() => fixed(configDefaults, text)).toThrow();
});

test('nothing to say', () => {
  expect(findings(configDefaults, settingsYaml('ssl-protocols: TLSv1.3\nhsts: "false"'))).toEqual([]);
});
