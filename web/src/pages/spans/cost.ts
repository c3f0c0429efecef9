// Where the cost of a span comes from: its tokens by kind, at the catalog's prices of today. The server's figure is
// the one that counts; the parts are shown only when they add up to it.
import type {Schemas} from '../../api/client';

type Span = Schemas['Span'];
type Model = Schemas['Model'];

export interface CostLine {
  label: string;
  tokens: number;
  perMillion: number; // US dollars
  cost: number;
}

export function findModel(models: Model[], provider: string | null, model: string | null): Model | undefined {
  if (!model) return undefined;
  const wanted = model.toLowerCase();
  const named = (entry: Model) =>
    entry.model.toLowerCase() === wanted || entry.aliases.some((alias) => alias.toLowerCase() === wanted);
  return models.find((entry) => entry.provider === provider && named(entry));
}

export function costLines(span: Span, model: Model | undefined): CostLine[] | null {
  if (!model || span.cost === null || span.inputTokens === null) return null;
  const price = model.prices
    .filter((tier) => tier.aboveTokens === 0 || span.inputTokens! > tier.aboveTokens)
    .sort((a, b) => a.aboveTokens - b.aboveTokens)
    .at(-1);
  if (price?.input === undefined) return null;
  const lines: CostLine[] = [];
  const add = (label: string, tokens: number, perMillion: number | undefined) => {
    if (tokens > 0 && perMillion !== undefined)
      lines.push({label, tokens, perMillion, cost: (tokens * perMillion) / 1e6});
  };
  const cached = span.cachedInputTokens ?? 0;
  const written = span.cacheWriteTokens ?? 0;
  const writtenHour = Math.min(span.cacheWrite1hTokens ?? 0, written);
  const audioIn = price.audioInput === undefined ? 0 : (span.inputAudioTokens ?? 0);
  const audioOut = price.audioOutput === undefined ? 0 : (span.outputAudioTokens ?? 0);
  add('Input', Math.max(0, span.inputTokens - cached - written - audioIn), price.input);
  add('Input from cache', cached, price.cachedRead ?? price.input);
  add('Written to cache', written - writtenHour, price.cacheWrite ?? price.input);
  add('Written to cache for an hour', writtenHour, price.cacheWrite1h ?? price.cacheWrite ?? price.input);
  add('Audio input', audioIn, price.audioInput);
  add('Output', Math.max(0, (span.outputTokens ?? 0) - audioOut), price.output);
  add('Audio output', audioOut, price.audioOutput);
  const total = lines.reduce((sum, line) => sum + line.cost, 0);
  return Math.abs(total - span.cost) <= Math.max(1e-9, span.cost * 0.005) ? lines : null;
}

export const costWords: Record<Span['costStatus'], string> = {
  exact: 'Exact: the price is known, and the provider counted the tokens.',
  estimated: 'An estimate: the price or the token count is not certain.',
  unknown: 'Not known: the catalog has no price for this model, or nobody counted the tokens.',
  included: 'Counted elsewhere: another span tells of the same call, so that nothing is counted twice.',
};
