// The catalog: what models there are, what they can and what they cost; and the project's own prices.
import {useQueryClient} from '@tanstack/react-query';
import {BookOpen, Plus, Search} from 'lucide-react';
import {useMemo, useState} from 'react';
import {useSearchParams} from 'wouter';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {useModels} from '../../editor/ModelPicker';
import {
  Badge,
  Button,
  EmptyState,
  formatCompact,
  formatMoney,
  MoreMenu,
  SelectField,
  TextField,
  useFeedback,
} from '../../ui';
import {EmptyHead, FormDialog, Loaded, Section, Table, useConfirmed, useProjectKey} from './parts';

type Model = Schemas['Model'];

const rates = [
  {name: 'input', label: 'Input', tier: 'input'},
  {name: 'output', label: 'Output', tier: 'output'},
  {name: 'cachedInput', label: 'Cached input', tier: 'cachedRead'},
  {name: 'cacheWrite', label: 'Cache write', tier: 'cacheWrite'},
  {name: 'cacheWrite1h', label: 'Cache write, one hour', tier: 'cacheWrite1h'},
] as const;
type Rates = Record<(typeof rates)[number]['name'], string>;

function PriceDialog({model, onClose}: {model: Model | null; onClose: () => void}) {
  const base = model?.prices[0];
  const [provider, setProvider] = useState(model?.provider ?? '');
  const [name, setName] = useState(model?.model ?? '');
  const [values, setValues] = useState<Rates>(
    () => Object.fromEntries(rates.map((rate) => [rate.name, base?.[rate.tier]?.toString() ?? ''])) as Rates,
  );
  const queries = useQueryClient();
  const stale = useProjectKey('models');
  const {toast} = useFeedback();
  const save = async () => {
    const given = Object.fromEntries(
      Object.entries(values)
        .map(([rate, text]) => [rate, text.trim().replace(',', '.')])
        .filter(([, text]) => text !== ''),
    );
    await call(
      api.PUT('/api/v1/models/{provider}/{model}/price', {
        params: {path: {provider: provider.trim(), model: name.trim()}},
        body: given as Schemas['ModelPriceInput'],
      }),
    );
    onClose();
    toast('The price is set. It counts for spans from now on.');
    await queries.invalidateQueries({queryKey: stale});
  };
  return (
    <FormDialog
      title={model ? `Your price of ${model.model}` : 'Price of a model'}
      onClose={onClose}
      onSave={save}
      description="US dollars per million tokens, for this project. Spans that are stored keep their cost.">
      {!model && (
        <div className="form-pair">
          <TextField
            label="Provider"
            required
            autoFocus
            maxLength={100}
            value={provider}
            onChange={setProvider}
            hint="Or the name of a connection."
          />
          <TextField label="Model" required maxLength={512} value={name} onChange={setName} />
        </div>
      )}
      <div className="form-pair">
        {rates.map((rate) => (
          <TextField
            key={rate.name}
            label={rate.label}
            inputMode="decimal"
            pattern="[0-9]{1,7}([.,][0-9]{1,12})?"
            title="A number, such as 2.50"
            required={rate.name === 'input'}
            placeholder={rate.name === 'input' || rate.name === 'output' ? undefined : 'as input'}
            value={values[rate.name]}
            onChange={(value) => setValues({...values, [rate.name]: value})}
          />
        ))}
      </div>
    </FormDialog>
  );
}

function Price({model, name}: {model: Model; name: 'input' | 'cachedRead' | 'output'}) {
  const [first, ...tiers] = model.prices;
  if (first?.[name] === undefined) return <span className="faint">–</span>;
  const title = tiers
    .filter((tier) => tier[name] !== undefined)
    .map((tier) => `${formatMoney(tier[name])} above ${formatCompact(tier.aboveTokens)} tokens`)
    .join(', ');
  return (
    <span title={title || undefined}>
      {formatMoney(first[name])}
      {title && (
        <span className="faint" aria-label={title}>
          +
        </span>
      )}
    </span>
  );
}

const has = (model: Model, text: string) =>
  text
    .toLowerCase()
    .split(/\s+/)
    .every((word) =>
      [model.model, model.provider, ...model.aliases, ...model.capabilities].some((one) =>
        one.toLowerCase().includes(word),
      ),
    );

const abilities = (model: Model) =>
  model.kind === 'embedding'
    ? `embeddings${model.dimensions ? `, ${model.dimensions} dimensions` : ''}`
    : model.capabilities.map((one) => one.replaceAll('_', ' ')).join(', ');

function ModelRow({
  model,
  canPrice,
  onPrice,
  onReset,
}: {
  model: Model;
  canPrice: boolean;
  onPrice: () => void;
  onReset: () => void;
}) {
  return (
    <tr>
      <td className="cell-model">
        <div className="row">
          <strong
            className="truncate"
            title={model.aliases.length > 0 ? `also ${model.aliases.join(', ')}` : model.model}>
            {model.model}
          </strong>
          {model.source === 'project' && <Badge tone="accent">your price</Badge>}
          {model.deprecated && (
            <Badge tone="warn" title={`since ${model.deprecated}`}>
              deprecated
            </Badge>
          )}
        </div>
        <div className="small faint truncate" title={abilities(model)}>
          {model.provider} · {abilities(model)}
        </div>
      </td>
      <td className="number">{formatCompact(model.contextTokens)}</td>
      <td className="number">
        <Price model={model} name="input" />
      </td>
      <td className="number">
        <Price model={model} name="cachedRead" />
      </td>
      <td className="number">
        <Price model={model} name="output" />
      </td>
      {canPrice && (
        <td className="cell-actions">
          <MoreMenu
            size="small"
            label={`Actions for ${model.model}`}
            items={[
              {label: 'Set your own price…', onSelect: onPrice},
              ...(model.source === 'project'
                ? [{label: 'Back to the catalog’s price…', danger: true, onSelect: onReset}]
                : []),
            ]}
          />
        </td>
      )}
    </tr>
  );
}

export function Models() {
  const models = useModels();
  const {can} = useSession();
  const [search, setSearch] = useSearchParams();
  const [pricing, setPricing] = useState<Model | 'new' | null>(null);
  const confirmed = useConfirmed(useProjectKey('models'));
  const text = search.get('q') ?? '';
  const provider = search.get('provider') ?? '';
  const set = (name: string, value: string) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      {replace: true},
    );
  const found = useMemo(
    () => models.data?.models.filter((model) => (!provider || model.provider === provider) && has(model, text)),
    [models.data, provider, text],
  );
  const reset = (model: Model) =>
    confirmed(
      {
        title: `Back to the catalog’s price of ${model.model}?`,
        text: 'Spans from now on cost what the catalog says. Stored spans keep their cost.',
        confirm: 'Remove your price',
      },
      () =>
        call(
          api.DELETE('/api/v1/models/{provider}/{model}/price', {
            params: {path: {provider: model.provider, model: model.model}},
          }),
        ),
      'Your price was removed.',
    );
  const providers = [...new Set((models.data?.models ?? []).map((model) => model.provider))];
  return (
    <Section
      title="Models and prices"
      lead="What this server knows by itself. Models that are not listed can be called all the same. Prices are US dollars
        per million tokens."
      actions={
        can('admin') && (
          <Button icon={<Plus size={14} aria-hidden />} onClick={() => setPricing('new')}>
            Price of another model
          </Button>
        )
      }>
      <div className="row wrapping">
        <div className="grow">
          <TextField
            label="Search models"
            hideLabel
            type="search"
            placeholder="Search by name or ability, such as “vision”"
            value={text}
            onChange={(value) => set('q', value)}
          />
        </div>
        <SelectField
          label="Provider"
          hideLabel
          className="model-provider"
          value={provider}
          onChange={(value) => set('provider', value)}
          options={[{value: '', label: 'All providers'}, ...providers.map((value) => ({value, label: value}))]}
        />
      </div>
      <Loaded query={models} height={480}>
        {() =>
          found!.length === 0 ? (
            <EmptyState icon={text ? <Search size={20} /> : <BookOpen size={20} />} title="No model matches">
              Try another word.
            </EmptyState>
          ) : (
            <Table
              label="Models"
              head={
                <>
                  <th scope="col">Model</th>
                  <th scope="col" className="number">
                    Context
                  </th>
                  <th scope="col" className="number">
                    Input
                  </th>
                  <th scope="col" className="number">
                    Cached
                  </th>
                  <th scope="col" className="number">
                    Output
                  </th>
                  {can('admin') && <EmptyHead>Actions</EmptyHead>}
                </>
              }>
              {found!.map((model) => (
                <ModelRow
                  key={`${model.provider}/${model.model}`}
                  model={model}
                  canPrice={can('admin')}
                  onPrice={() => setPricing(model)}
                  onReset={() => void reset(model)}
                />
              ))}
            </Table>
          )
        }
      </Loaded>
      {pricing && <PriceDialog model={pricing === 'new' ? null : pricing} onClose={() => setPricing(null)} />}
    </Section>
  );
}
