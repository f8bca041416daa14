import { fail } from '../../base/fail.ts';
import type { ChainProgram, Decision } from '../../program/program.ts';
import { answerError, answerReset, mayReject, REJECT_KIND } from '../answer.ts';
import { GO_ON, type Passage, type RouterState, type Stage, type StageResult } from '../passage.ts';
import { sightOf } from '../sight.ts';

type ChainName = 'raw' | 'input' | 'forward' | 'output';

function filter(chain: ChainName): Stage {
  return (passage, node) => {
    const program = node.program.firewall[chain];
    if (program === undefined) return GO_ON;
    return carryOut(chain, decide(program, passage), passage, node);
  };
}

function decide(program: ChainProgram, passage: Passage): Decision {
  return program.decide(sightOf(passage));
}

function carryOut(chain: ChainName, decision: Decision, passage: Passage, { program, told }: RouterState): StageResult {
  if (!told && decision.verdict === 'accept' && !decision.notrack) return GO_ON;
  const why = { kind: 'filter', chain, decision } as const;
  if (decision.verdict === 'accept') {
    if (decision.notrack) passage.notrack = true;
    return { verdict: 'next', why };
  }
  if (decision.verdict === 'drop') return { verdict: 'drop', why };
  const kind = decision.with === undefined || decision.with === 'tcp-reset' ? undefined : REJECT_KIND[decision.with];
  const error = () => answerError(program, passage, kind ?? fail(`reject with ${decision.with}`));
  const answer =
    decision.with === 'tcp-reset' ? answerReset(program, passage) : mayReject(passage.packet) ? error() : undefined;
  return { verdict: 'drop', why, ...(answer === undefined ? {} : { answer }) };
}

export const raw = filter('raw');
export const input = filter('input');
export const forward = filter('forward');
export const output = filter('output');
