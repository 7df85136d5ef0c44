import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'src/**/*.test.ts',
      'console/test/**/*.test.ts',
      'scenarios/**/*.test.ts',
      'tools/**/*.test.ts',
    ],
    // Namespaces, tracefs and browsers are shared things of one machine with few cores.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ['default', './tools/count-reporter.ts'],
    env: { TZ: 'UTC', LC_ALL: 'C', NO_COLOR: '1' },
  },
});
