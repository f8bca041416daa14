/** One worker of a sweep: it keeps what it has compiled from one part of the work to the next. */

import type { Evaluator } from '../../whatif/sweep/evaluate.ts';
import type { Outcome } from '../../whatif/sweep/outcome.ts';
import { evaluatorFor, type Question } from './question.ts';

/** Part of a sweep: the question as JSON text, the same for all parts, and which what-ifs to try. */
export interface Part {
  readonly question: string;
  readonly indices: readonly number[];
}

let prepared: { readonly question: string; readonly evaluator: Evaluator } | undefined;

/** Called by the pool. */
export function work({ question, indices }: Part): readonly Outcome[] {
  if (prepared?.question !== question) {
    prepared = { question, evaluator: evaluatorFor(JSON.parse(question) as Question) };
  }
  const { evaluator } = prepared;
  return indices.map((index) => evaluator.judge(index));
}
