/** How a command ends. Ctrl-C ends it at once, which shells report as 130. */
export const EXIT = {
  /** Everything held. */
  held: 0,
  /** An expectation, invariant or comparison failed. */
  failed: 1,
  /** Bad input or usage; nothing was run. */
  usage: 2,
  /** The environment lacks what the command needs. */
  lacks: 3,
  /** A mistake of the program itself (EX_SOFTWARE of sysexits). */
  internal: 70,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a message for the user, and no stack trace. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ExitCode;

  constructor(message: string, code: ExitCode = EXIT.usage) {
    super(message);
    this.code = code;
  }
}
