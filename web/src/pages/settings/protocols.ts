// What connections there usually are, with what a form can fill in by itself.
import type {Schemas} from '../../api/client';

export type Protocol = Schemas['ConnectionProtocol'];

export interface Kind {
  id: string;
  title: string;
  about: string;
  protocol: Protocol;
  name: string; // suggested
  baseUrl?: string; // suggested; undefined: the vendor's own address
  urlHint?: string;
  keyLabel?: string;
  keyHint?: string;
  keyOptional?: boolean;
  keyHeader?: string; // the key goes into this header instead
  region?: boolean;
}

export const kinds: Kind[] = [
  {
    id: 'openai',
    title: 'OpenAI',
    about: 'GPT models and embeddings',
    protocol: 'openai',
    name: 'openai',
    keyHint: 'Begins with “sk-”. From platform.openai.com, under API keys.',
  },
  {
    id: 'anthropic',
    title: 'Anthropic',
    about: 'Claude models',
    protocol: 'anthropic',
    name: 'anthropic',
    keyHint: 'Begins with “sk-ant-”. From console.anthropic.com.',
  },
  {
    id: 'google',
    title: 'Google Gemini',
    about: 'Gemini models and embeddings',
    protocol: 'google',
    name: 'google',
    keyHint: 'From Google AI Studio.',
  },
  {
    id: 'amazon_bedrock',
    title: 'Amazon Bedrock',
    about: 'Models in your AWS account',
    protocol: 'amazon_bedrock',
    name: 'amazon_bedrock',
    region: true,
    keyHint: 'A Bedrock API key, or ACCESS_KEY_ID:SECRET_ACCESS_KEY, with :SESSION_TOKEN if there is one.',
  },
  {
    id: 'voyage',
    title: 'Voyage AI',
    about: 'Embeddings',
    protocol: 'voyage',
    name: 'voyage',
    keyHint: 'Begins with “pa-”.',
  },
  {
    id: 'azure',
    title: 'Azure OpenAI',
    about: 'OpenAI’s models, in Azure',
    protocol: 'openai',
    name: 'azure',
    baseUrl: 'https://YOUR-RESOURCE.openai.azure.com/openai/v1',
    urlHint: 'Put the name of your resource in the place of YOUR-RESOURCE.',
    keyHeader: 'api-key',
    keyHint: 'From the resource’s page, under Keys and Endpoint. Sent as the header “api-key”.',
  },
  {
    id: 'ollama',
    title: 'Ollama',
    about: 'Models on a machine of yours',
    protocol: 'openai',
    name: 'ollama',
    baseUrl: 'http://localhost:11434/v1',
    keyOptional: true,
    urlHint: 'Addresses of this machine and of private networks need the server’s flag --allow-private-upstreams.',
  },
  {
    id: 'compatible',
    title: 'OpenAI-compatible',
    about: 'vLLM, OpenRouter, Groq, a proxy …',
    protocol: 'openai',
    name: '',
    baseUrl: '',
    keyOptional: true,
    urlHint: 'Usually ends with /v1.',
  },
];

export const protocolNames: Record<Protocol, string> = {
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  google: 'Google Gemini',
  amazon_bedrock: 'Amazon Bedrock',
  voyage: 'Voyage AI',
};

// Those that cannot list their models: a test has to name one.
export const needsModel = (protocol: Protocol) => protocol === 'amazon_bedrock' || protocol === 'voyage';

// What a failed test most likely means, in words. The provider's own words are shown beside it.
export function adviceFor(error: string): string {
  if (/api key|unauthori[sz]ed|authentication|401|credential|forbidden|403/i.test(error))
    return 'The provider does not take this key. Check that it was copied whole, and is for this address.';
  if (/private|loopback|not allowed|local address/i.test(error))
    return 'The server may not call private addresses. Its operator can allow that with --allow-private-upstreams.';
  if (/resolve|host|dns/i.test(error)) return 'There is no host by that name. Check the base URL.';
  if (/refused|connect|timed? ?out|unreachable/i.test(error))
    return 'Nobody answers at that address. Check the base URL, and that the server there is running.';
  if (/404|not found|no such model|does not exist/i.test(error))
    return 'The address answers, but does not know this path or model. Check whether the base URL should end with /v1.';
  if (/429|rate|quota|billing/i.test(error)) return 'The key works, but its account has no quota left for now.';
  return 'The provider refused. Its own words say why.';
}
