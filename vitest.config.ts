import { defineConfig } from 'vitest/config';

/** Tests that run what users run, so the package is built before them. */
const BUILT = ['test/cli/command/*.test.ts', 'test/docs*.test.ts', 'examples/*.test.ts', 'test/lab/cleanup.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    // no test changes what another sees, so modules are loaded once for each worker
    isolate: false,
    setupFiles: ['test/setup/properties.ts'],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'html'],
      // the command line runs as a process of its own, which is not measured
      thresholds: { 'src/sim/**': { branches: 94, functions: 96, lines: 96, statements: 96 } },
    },
    projects: [
      { extends: true, test: { name: 'source', include: ['test/**/*.test.ts'], exclude: BUILT } },
      { extends: true, test: { name: 'built', include: BUILT, globalSetup: 'test/setup/build.ts' } },
    ],
  },
});
