import { describe, expect, it } from 'vitest';
import { fail, InternalError, unreachable } from '../../../src/sim/base/fail.ts';

const caught = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

describe('fail', () => {
  it('throws an InternalError that carries the message', () => {
    const error = caught(() => fail('table 3 has no rule 7'));
    expect(error).toBeInstanceOf(InternalError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'InternalError', message: 'table 3 has no rule 7' });
    expect(String(error)).toBe('InternalError: table 3 has no rule 7');
  });

  it('names the value that the types had ruled out', () => {
    const error = caught(() => unreachable('teapot' as never));
    expect(error).toBeInstanceOf(InternalError);
    expect(error).toMatchObject({ message: 'impossible case: teapot' });
  });
});
