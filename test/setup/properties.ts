/**
 * One seed for every property, so that a test run is the same today and tomorrow. `SEED=7 npx vitest run` looks elsewhere; so
 * does `npm run explore`, with a seed of the moment, and a property that fails prints it.
 */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.SEED ?? 1) });
