/** `schema`: the JSON Schema of scenario files. */
import { jsonSchemaOfFile } from '../scenarios/json-schema.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Terminal } from './terminal.ts';

export function schema(terminal: Terminal): ExitCode {
  terminal.print(`${JSON.stringify(jsonSchemaOfFile(), null, 2)}\n`);
  return EXIT.held;
}
