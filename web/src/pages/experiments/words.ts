// The results of an experiment in words. What the numbers mean is in docs/experiments.md.
import type {Schemas} from '../../api/client';
import {formatMoney, formatLatency, formatNumber, formatPercent, none, type Tone} from '../../ui';

export type Experiment = Schemas['Experiment'];
export type Results = Schemas['ExperimentResults'];
export type VariantResult = Schemas['VariantResult'];
export type Comparison = Schemas['Comparison'];
export type Metric = Comparison['metric'];
export type Status = Experiment['status'];

export const metrics: readonly Metric[] = ['quality', 'errorRate', 'cost', 'latency', 'tokens'];

export const metricWords: Record<Metric, {label: string; better: string; worse: string; what: string}> = {
  cost: {label: 'Cost', better: 'cheaper', worse: 'more expensive', what: 'What one run costs, on average.'},
  latency: {
    label: 'Time to answer',
    better: 'faster',
    worse: 'slower',
    what: 'How long a run without an error takes, on average.',
  },
  tokens: {
    label: 'Tokens',
    better: 'fewer tokens',
    worse: 'more tokens',
    what: 'Tokens read and written by a run without an error.',
  },
  errorRate: {label: 'Errors', better: 'fewer errors', worse: 'more errors', what: 'The share of runs that failed.'},
  quality: {
    label: 'Quality',
    better: 'better rated',
    worse: 'worse rated',
    what: 'The mean of the evaluations called “quality”.',
  },
};

// Of a metric whose difference is in percent of the control; the others differ by the figure itself.
export const isRelative = (metric: Metric) => metric === 'cost' || metric === 'latency' || metric === 'tokens';

const sign = (text: string, value: number) => (value > 0 ? `+${text}` : text.replace('-', '−'));

export function formatDifference(metric: Metric, value: number): string {
  if (isRelative(metric)) return sign(formatPercent(value, 0), Number(value.toFixed(2)));
  if (metric === 'errorRate') return `${sign((value * 100).toFixed(1), Number((value * 100).toFixed(1)))} points`;
  return sign(value.toFixed(2), Number(value.toFixed(2)));
}

export function formatRange(metric: Metric, low: number, high: number): string {
  const [from, to] = [formatDifference(metric, low), formatDifference(metric, high)];
  return metric === 'errorRate' ? `${from.replace(' points', '')} to ${to}` : `${from} to ${to}`;
}

export function figureOf(metric: Metric, variant: VariantResult): string {
  switch (metric) {
    case 'cost':
      return formatMoney(variant.costMean);
    case 'latency':
      return formatLatency(variant.latencyMsMean);
    case 'tokens':
      return variant.tokensMean === null ? none : formatNumber(Math.round(variant.tokensMean));
    case 'errorRate':
      return formatPercent(variant.errorRate);
    case 'quality':
      return variant.qualityMean === null ? none : variant.qualityMean.toFixed(2);
  }
}

export function findingOf(comparison: Comparison): {text: string; tone: Tone} {
  const words = metricWords[comparison.metric];
  switch (comparison.finding) {
    case 'better':
      return {text: words.better, tone: 'good'};
    case 'worse':
      return {text: words.worse, tone: 'bad'};
    case 'noDifferenceShown':
      return {text: 'no difference shown', tone: 'neutral'};
    case 'notEnoughData':
      return {text: 'not enough data', tone: 'neutral'};
  }
}

export const statusWords: Record<Status, {label: string; tone: Tone; what: string}> = {
  draft: {label: 'Draft', tone: 'neutral', what: 'Not started yet. Everything may still be changed.'},
  running: {label: 'Running', tone: 'good', what: 'It decides which version runs.'},
  paused: {
    label: 'Paused',
    tone: 'warn',
    what: 'The default version runs meanwhile. Started again, everyone gets the same variant as before.',
  },
  stopped: {label: 'Stopped', tone: 'info', what: 'Stopped for good. Its results stay.'},
};

export interface Verdict {
  title: string;
  text: string;
  tone: Tone;
}

export function verdictOf(results: Results): Verdict {
  const {experiment, verdict, winner} = results;
  const control = experiment.variants[0]?.key ?? '';
  const metric = experiment.primaryMetric ? metricWords[experiment.primaryMetric].label.toLowerCase() : null;
  switch (verdict) {
    case 'sampleRatioMismatch':
      return {
        tone: 'bad',
        title: 'Do not trust these numbers yet',
        text:
          'The variants did not get the share of users that ' +
          'was set. Runs are lost or counted twice somewhere, and whoever is missing is not missing by chance. ' +
          'Find the cause before you decide anything.',
      };
    case 'winner':
      if (winner === control) {
        return {
          tone: 'good',
          title: `Keep ${control}`,
          text: `Every other variant is shown to be worse${metric ? ` in ${metric}` : ''}.`,
        };
      }
      return {
        tone: 'good',
        title: `${winner} wins`,
        text: metric
          ? `It is shown to be better than ${control} in ${metric}, which is what this experiment is about. ` +
            'Look at the other rows before you promote it: a cheaper variant may fail more often.'
          : `It is shown to be better than ${control} in something, and worse in nothing.`,
      };
    case 'inconclusive':
      return {
        tone: 'info',
        title: 'No winner so far',
        text: metric
          ? `No variant is shown to be better in ${metric}. That is no proof that they are equal: look at the ` +
            'ranges below. A narrow range around zero says that the difference is too small to matter.'
          : 'No variant is better without being worse in something else, as far as the data shows.',
      };
    case 'collecting':
      return {
        tone: 'neutral',
        title: 'Collecting data',
        text:
          experiment.status === 'draft'
            ? 'It has not started yet.'
            : 'A comparison begins once two variants have 50 users, sessions or traces each.',
      };
  }
}

// The share of each weight, as whole percents that add up to 100.
export function shares(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (sum <= 0) return weights.map(() => 0);
  const exact = weights.map((weight) => (weight / sum) * 100);
  const whole = exact.map(Math.floor);
  const order = exact.map((value, i) => [value - Math.floor(value), i] as const).sort((a, b) => b[0] - a[0]);
  let rest = 100 - whole.reduce((total, value) => total + value, 0);
  for (const [, i] of order) if (rest-- > 0) whole[i]! += 1;
  return whole;
}

// What a metric's ranges span, so that zero and every range are within, the same to both sides.
export function reach(comparisons: readonly Comparison[]): number {
  const ends = comparisons.flatMap(({difference}) =>
    difference ? [Math.abs(difference.low), Math.abs(difference.high)] : [],
  );
  return ends.length === 0 ? 0 : Math.max(...ends) * 1.08 || 0;
}
