// Aliases of models for the gateway: a name that applications call, and what is behind it, in order.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {ArrowUp, Plus, Route, X} from 'lucide-react';
import {useId, useState} from 'react';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {useModels} from '../../editor/ModelPicker';
import {Ago, Button, EmptyState, Field, IconButton, MoreMenu, NumberField, TextField} from '../../ui';
import {EmptyHead, FormDialog, Loaded, Section, Table, useConfirmed, useNewDialog, useProjectKey} from './parts';

type Alias = Schemas['GatewayAlias'];
type Target = {provider: string; model: string};
const targetsMax = 8;

const targetText = ({provider, model}: {provider?: string | null; model: string}) =>
  provider ? `${provider}/${model}` : model;

function Targets({targets, onChange}: {targets: Target[]; onChange: (targets: Target[]) => void}) {
  const models = useModels();
  const list = useId();
  const set = (index: number, change: Partial<Target>) =>
    onChange(targets.map((one, i) => (i === index ? {...one, ...change} : one)));
  const raise = (index: number) =>
    onChange(targets.map((one, i) => (i === index - 1 ? targets[index]! : i === index ? targets[index - 1]! : one)));
  return (
    <fieldset className="column tight">
      <legend className="legend">Models, in the order they are tried</legend>
      {targets.map((target, i) => (
        <div key={i} className="target-line">
          <TextField
            label={`Provider of model ${i + 1}`}
            hideLabel
            maxLength={100}
            placeholder="provider (optional)"
            value={target.provider}
            onChange={(provider) => set(i, {provider})}
          />
          <Field label={`Model ${i + 1}`} hideLabel>
            {(control) => (
              <input
                {...control}
                className="input"
                list={list}
                required
                maxLength={256}
                placeholder="model"
                value={target.model}
                onChange={(event) => set(i, {model: event.target.value})}
              />
            )}
          </Field>
          <IconButton label={`Try model ${i + 1} earlier`} disabled={i === 0} onClick={() => raise(i)}>
            <ArrowUp size={14} aria-hidden />
          </IconButton>
          <IconButton
            label={`Remove model ${i + 1}`}
            disabled={targets.length === 1}
            onClick={() => onChange(targets.filter((_, at) => at !== i))}>
            <X size={14} aria-hidden />
          </IconButton>
        </div>
      ))}
      <datalist id={list}>
        {models.data?.models.map((one) => <option key={`${one.provider}/${one.model}`} value={one.model} />)}
      </datalist>
      <div>
        <Button
          size="small"
          variant="ghost"
          icon={<Plus size={13} aria-hidden />}
          disabled={targets.length >= targetsMax}
          onClick={() => onChange([...targets, {provider: '', model: ''}])}>
          Add a fallback
        </Button>
      </div>
    </fieldset>
  );
}

function AliasDialog({alias, taken, onClose}: {alias?: Alias; taken: string[]; onClose: () => void}) {
  const [name, setName] = useState(alias?.name ?? '');
  const [targets, setTargets] = useState<Target[]>(
    alias?.targets.map(({provider, model}) => ({provider: provider ?? '', model})) ?? [{provider: '', model: ''}],
  );
  const [retries, setRetries] = useState<number | null>(alias?.retries ?? null);
  const queries = useQueryClient();
  const stale = useProjectKey('aliases');
  // Saving a new alias under a name that there is would replace that one unseen.
  const exists = !alias && taken.includes(name.trim().toLowerCase());
  const save = async () => {
    await call(
      api.PUT('/api/v1/gateway/aliases/{name}', {
        params: {path: {name: name.trim()}},
        body: {
          targets: targets.map(({provider, model}) => ({
            model: model.trim(),
            ...(provider.trim() ? {provider: provider.trim()} : {}),
          })),
          retries,
        },
      }),
    );
    onClose();
    await queries.invalidateQueries({queryKey: stale});
  };
  return (
    <FormDialog
      title={alias ? `Edit “${alias.name}”` : 'New alias'}
      save={alias ? 'Save' : 'Create'}
      onClose={onClose}
      onSave={save}
      disabled={exists}>
      {!alias && (
        <TextField
          label="Name"
          required
          autoFocus
          pattern="[A-Za-z0-9._:\-]{1,64}"
          maxLength={64}
          placeholder="fast"
          value={name}
          onChange={setName}
          hint="What applications send as “model”."
          error={exists ? 'There is an alias by that name. Edit that one.' : null}
        />
      )}
      <Targets targets={targets} onChange={setTargets} />
      <NumberField
        label="Tries after the first, of each model"
        hint="Empty: none, unless the request says so."
        value={retries}
        onChange={setRetries}
      />
    </FormDialog>
  );
}

export function Aliases() {
  const key = useProjectKey('aliases');
  const {can} = useSession();
  const aliases = useQuery({queryKey: key, queryFn: () => call(api.GET('/api/v1/gateway/aliases'))});
  const [creating, setCreating] = useNewDialog();
  const [editing, setEditing] = useState<Alias | null>(null);
  const confirmed = useConfirmed(key);
  const remove = (one: Alias) =>
    confirmed(
      {title: `Delete “${one.name}”?`, text: 'Applications that call it by this name are refused.', confirm: 'Delete'},
      () => call(api.DELETE('/api/v1/gateway/aliases/{name}', {params: {path: {name: one.name}}})),
      `“${one.name}” was deleted.`,
    );
  const create = can('editor') && (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => setCreating(true)}>
      New alias
    </Button>
  );
  return (
    <Section
      title="Gateway aliases"
      lead="A name that applications call as a model. What is behind it can change without touching them."
      actions={create}>
      <Loaded query={aliases}>
        {({aliases: list}) => (
          <>
            {list.length === 0 ? (
              <EmptyState icon={<Route size={20} />} title="No aliases yet" actions={create}>
                Make one, such as “fast”, with a second model behind it for when the first one fails.
              </EmptyState>
            ) : (
              <Table
                label="Gateway aliases"
                head={
                  <>
                    <th scope="col">Name</th>
                    <th scope="col">Models, in order</th>
                    <th scope="col" className="number">Tries after the first</th>
                    <th scope="col">Changed</th>
                    <EmptyHead>Actions</EmptyHead>
                  </>
                }>
                {list.map((one) => (
                  <tr key={one.name}>
                    <td className="cell-name truncate">{one.name}</td>
                    <td className="soft wrap">{one.targets.map(targetText).join(', then ')}</td>
                    <td className="number">{one.retries ?? <span className="soft">as asked</span>}</td>
                    <td className="soft"><Ago time={one.updatedAt} /></td>
                    <td className="cell-actions">
                      {can('editor') && (
                        <MoreMenu
                          size="small"
                          label={`Actions for ${one.name}`}
                          items={[
                            {label: 'Edit…', onSelect: () => setEditing(one)},
                            'separator',
                            {label: 'Delete…', danger: true, onSelect: () => void remove(one)},
                          ]}
                        />
                      )}
                    </td>
                  </tr>
                ))}
              </Table>
            )}
            {creating && can('editor') && (
              <AliasDialog taken={list.map((one) => one.name)} onClose={() => setCreating(false)} />
            )}
            {editing && <AliasDialog alias={editing} taken={[]} onClose={() => setEditing(null)} />}
          </>
        )}
      </Loaded>
    </Section>
  );
}
