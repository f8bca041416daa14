/** What V8 11 (of Node 20) is told. Later versions count otherwise, and may not have these flags. */

/**
 * How much a function must have run before it is optimised, fifteen times what V8 holds for right: most commands are over
 * before it pays, and longer ones take less time too, as what is optimised later is thrown away less often.
 */
export const PATIENCE = '--interrupt-budget=1000000';

/**
 * How much may be folded into one function when it is optimised, some four times what V8 holds for right: a packet goes
 * through a hundred small functions, and to call them, and to make what is passed between them, takes a fifth of its time.
 */
export const FOLDING: readonly string[] = [
  '--max-inlined-bytecode-size=1000',
  '--max-inlined-bytecode-size-cumulative=4000',
];
