// Evaluators: what people and applications judge answers by.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Plus} from 'lucide-react';
import {useState} from 'react';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {Badge, Button, MoreMenu, NumberField, SelectField, TextArea, TextField} from '../../ui';
import {EmptyHead, FormDialog, Loaded, Section, Table, useConfirmed, useNewDialog, useProjectKey} from './parts';

type Evaluator = Schemas['Evaluator'];
type Type = Evaluator['type'];

const typeNames: Record<Type, string> = {numeric: 'a number', boolean: 'yes or no', categorical: 'one of several'};

// A key from a name, as the server takes it.
export const keyFromName = (name: string) =>
  name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 64);

const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

function EvaluatorDialog({evaluator, onClose}: {evaluator?: Evaluator; onClose: () => void}) {
  const [name, setName] = useState(evaluator?.name ?? '');
  const [key, setKey] = useState<string | null>(null); // null: follows the name
  const [type, setType] = useState<Type>(evaluator?.type ?? 'boolean');
  const [min, setMin] = useState<number | null>(evaluator ? (evaluator.min ?? null) : 0);
  const [max, setMax] = useState<number | null>(evaluator ? (evaluator.max ?? null) : 1);
  const [categories, setCategories] = useState((evaluator?.categories ?? []).join('\n'));
  const queries = useQueryClient();
  const stale = useProjectKey('evaluators');
  const save = async () => {
    const more = type === 'numeric' ? {min, max} : type === 'categorical' ? {categories: linesOf(categories)} : {};
    if (evaluator)
      await call(
        api.PUT('/api/v1/evaluators/{key}', {params: {path: {key: evaluator.key}}, body: {name: name.trim(), ...more}}),
      );
    else
      await call(
        api.POST('/api/v1/evaluators', {body: {key: key ?? keyFromName(name), name: name.trim(), type, ...more}}),
      );
    onClose();
    await queries.invalidateQueries({queryKey: stale});
  };
  return (
    <FormDialog
      title={evaluator ? `Edit “${evaluator.name}”` : 'New evaluator'}
      save={evaluator ? 'Save' : 'Create'}
      onClose={onClose}
      onSave={save}
      disabled={name.trim() === '' || (type === 'categorical' && linesOf(categories).length < 2)}>
      <TextField label="Name" required autoFocus maxLength={100} placeholder="Tone" value={name} onChange={setName} />
      {!evaluator && (
        <TextField
          label="Key"
          required
          pattern="[a-z][a-z0-9_\-]{0,63}"
          title="Small letters, digits, hyphens and underscores"
          maxLength={64}
          hint="What applications send. It never changes."
          value={key ?? keyFromName(name)}
          onChange={setKey}
        />
      )}
      {!evaluator && (
        <SelectField
          label="The answer is"
          value={type}
          onChange={setType}
          options={(Object.keys(typeNames) as Type[]).map((value) => ({value, label: typeNames[value]}))}
        />
      )}
      {type === 'numeric' && (
        <div className="form-pair">
          <NumberField label="Smallest" placeholder="no bound" value={min} onChange={setMin} />
          <NumberField label="Largest" placeholder="no bound" value={max} onChange={setMax} />
        </div>
      )}
      {type === 'categorical' && (
        <TextArea
          label="Categories, one a line"
          rows={5}
          value={categories}
          onChange={setCategories}
          hint={evaluator ? 'Add new ones at the end: evaluations that there are keep their category.' : 'Two or more.'}
        />
      )}
    </FormDialog>
  );
}

function range({type, min, max, categories}: Evaluator): string {
  if (type === 'categorical') return (categories ?? []).join(', ');
  if (type === 'boolean') return 'yes, no';
  if (min === undefined && max === undefined) return 'any number';
  return min === undefined ? `up to ${max}` : max === undefined ? `from ${min}` : `${min} to ${max}`;
}

export function Evaluators() {
  const key = useProjectKey('evaluators');
  const {can} = useSession();
  const evaluators = useQuery({queryKey: key, queryFn: () => call(api.GET('/api/v1/evaluators'))});
  const [creating, setCreating] = useNewDialog();
  const [editing, setEditing] = useState<Evaluator | null>(null);
  const confirmed = useConfirmed(key);
  const remove = (one: Evaluator) =>
    confirmed(
      {
        title: `Delete “${one.name}”?`,
        text: 'No more evaluations of it are taken. Those that there are stay.',
        confirm: 'Delete',
      },
      () => call(api.DELETE('/api/v1/evaluators/{key}', {params: {path: {key: one.key}}})),
      `“${one.name}” was deleted.`,
    );
  return (
    <Section
      title="Evaluators"
      lead="What answers are judged by: on the page of a span, or by your application through the API."
      actions={
        can('editor') && (
          <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => setCreating(true)}>
            New evaluator
          </Button>
        )
      }>
      <Loaded query={evaluators}>
        {({evaluators: list}) => (
          <Table
            label="Evaluators"
            head={
              <>
                <th scope="col">Name</th>
                <th scope="col">Key</th>
                <th scope="col">Answer</th>
                <th scope="col">Values</th>
                <EmptyHead>Actions</EmptyHead>
              </>
            }>
            {list.map((one) => (
              <tr key={one.key}>
                <td className="cell-name">
                  <div className="row">
                    <span className="truncate">{one.name}</span>
                    {one.builtIn && <Badge>built in</Badge>}
                  </div>
                </td>
                <td className="mono soft">{one.key}</td>
                <td>{typeNames[one.type]}</td>
                <td className="soft wrap">{range(one)}</td>
                <td className="cell-actions">
                  {can('editor') && !one.builtIn && (
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
      </Loaded>
      {creating && can('editor') && <EvaluatorDialog onClose={() => setCreating(false)} />}
      {editing && <EvaluatorDialog evaluator={editing} onClose={() => setEditing(null)} />}
    </Section>
  );
}
