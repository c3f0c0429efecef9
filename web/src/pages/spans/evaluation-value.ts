// The value of an evaluation, between what a form holds and what the API takes: it depends on the evaluator's type.
import type {Schemas} from '../../api/client';

export type Evaluator = Schemas['Evaluator'];

// Every project has it.
export const qualityEvaluator: Evaluator = {key: 'quality', name: 'Quality', type: 'numeric', builtIn: true};

export function valueHint({key, min, max}: Evaluator): string | undefined {
  if (key === 'quality') return '1 is good, 0 is bad; anything between is fine.';
  if (min !== undefined && max !== undefined) return `From ${min} to ${max}.`;
  return min !== undefined ? `At least ${min}.` : max !== undefined ? `At most ${max}.` : undefined;
}

export function readValue(
  evaluator: Evaluator,
  text: string,
): {value?: Schemas['EvaluationValue']; problem: string | null} {
  if (evaluator.type !== 'numeric') {
    if (text === '') return {problem: 'Choose one.'};
    return {value: evaluator.type === 'boolean' ? text === 'true' : text, problem: null};
  }
  const value = Number(text.trim().replace(',', '.'));
  if (text.trim() === '' || !Number.isFinite(value)) return {problem: 'A number, please.'};
  if (
    (evaluator.min !== undefined && value < evaluator.min) ||
    (evaluator.max !== undefined && value > evaluator.max)
  ) {
    return {problem: valueHint(evaluator) ?? null};
  }
  return {value, problem: null};
}

export function draftText(evaluation: Schemas['Evaluation'], evaluator: Evaluator | undefined): string {
  if (evaluation.category !== undefined) return evaluation.category;
  return evaluator?.type === 'boolean' ? String(evaluation.value !== 0) : String(evaluation.value);
}
