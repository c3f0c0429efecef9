// The catalog and the connections, as the model picker and the pages with prices use them.
import {useQuery} from '@tanstack/react-query';
import {api, ApiError, call, type Schemas} from '../api/client';
import {useSession} from '../api/session';
import {formatCompact} from '../ui';

export type Model = Schemas['Model'];

export function useModels() {
  const {project} = useSession();
  return useQuery({queryKey: ['models', project.id], queryFn: () => call(api.GET('/api/v1/models')),
    staleTime: 300_000});
}

// Who may not see the connections sees none.
export function useConnections() {
  const {project} = useSession();
  return useQuery({
    queryKey: ['connections', project.id, 'picker'],
    queryFn: async () => {
      try {
        return (await call(api.GET('/api/v1/connections'))).connections;
      } catch (error) {
        if (error instanceof ApiError && error.status === 403) return [];
        throw error;
      }
    },
    staleTime: 60_000,
  });
}

const providerNames: Record<string, string> = {
  openai: 'OpenAI', anthropic: 'Anthropic', google: 'Google', amazon_bedrock: 'Amazon Bedrock', voyage: 'Voyage',
};
export const providerName = (provider: string) => providerNames[provider.toLowerCase()] ?? provider.toLowerCase();
export const isBuiltIn = (provider: string) => provider.toLowerCase() in providerNames;

const capabilityNames: Record<string, string> = {
  tools: 'tools', vision: 'images', reasoning: 'reasoning', structured_output: 'JSON output', prompt_caching: 'caching',
};

// "128K context · tools · images"
export function modelFacts(model: Model): string {
  return [
    model.contextTokens === null ? '' : `${formatCompact(model.contextTokens)} context`,
    ...model.capabilities.map((name) => capabilityNames[name] ?? ''),
    model.deprecated ? 'deprecated' : '',
  ].filter(Boolean).join(' · ');
}

const dollars = (amount: number) =>
  `$${amount.toLocaleString(undefined, {minimumFractionDigits: Number.isInteger(amount) ? 0 : 2, maximumFractionDigits: 4})}`;

// "$2.50 in · $10 out", dollars per million tokens; empty when not known.
export function modelPrice(model: Model): string {
  const price = model.prices[0];
  if (!price) return '';
  return [
    price.input === undefined ? '' : `${dollars(price.input)} in`,
    price.output === undefined ? '' : `${dollars(price.output)} out`,
  ].filter(Boolean).join(' · ');
}

export function findModel(models: readonly Model[], provider: string, model: string): Model | undefined {
  const wanted = provider.toLowerCase();
  return models.find((entry) => (entry.model === model || entry.aliases.includes(model)) &&
    (wanted === '' || entry.provider === wanted));
}
