// Model and settings of a draft; tools and the schema of the answer.
import {Plus, X} from 'lucide-react';
import {useState, type KeyboardEvent, type ReactNode} from 'react';
import {JsonText, tidyJson} from '../../editor/JsonText';
import {ModelPicker} from '../../editor/ModelPicker';
import {Button, Field, IconButton, NumberField, SelectField, plural} from '../../ui';
import {toolNames, type Draft, type Problems} from './draft';

interface Props {
  draft: Draft;
  problems: Problems;
  readOnly: boolean;
  onChange: (change: Partial<Draft>) => void;
}

function StopSequences({draft, problems, readOnly, onChange}: Props) {
  const [text, setText] = useState('');
  const add = () => {
    if (!text || draft.stopSequences.includes(text)) return;
    onChange({stopSequences: [...draft.stopSequences, text]});
    setText('');
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      add();
    } else if (event.key === 'Backspace' && text === '') {
      onChange({stopSequences: draft.stopSequences.slice(0, -1)});
    }
  };
  return (
    <Field label="Stop sequences" error={problems.stopSequences}
      hint="The model stops before it would write one of these.">
      {(control) => (
        <div className="stops">
          {draft.stopSequences.map((stop) => (
            <span key={stop} className="chip"><span className="mono truncate">{stop}</span>
              {!readOnly && <IconButton size="small" label={`Remove ${stop}`}
                onClick={() => onChange({stopSequences: draft.stopSequences.filter((other) => other !== stop)})}><X
                  size={12} aria-hidden /></IconButton>}
            </span>
          ))}
          <input {...control} className="input" value={text} disabled={readOnly || draft.stopSequences.length >= 16}
            maxLength={256}
            placeholder="Type one and press Enter" onChange={(event) =>
              setText(event.target.value)} onKeyDown={press} onBlur={add} />
        </div>
      )}
    </Field>
  );
}

export function ModelSettings(props: Props) {
  const {draft, problems, readOnly, onChange} = props;
  const more = [draft.topP !== null ? `top P ${draft.topP}` : '',
    draft.stopSequences.length ? plural(draft.stopSequences.length, 'stop sequence') : ''].filter(Boolean).join(', ');
  const wrong = Boolean(problems.topP ?? problems.stopSequences);
  const [open, setOpen] = useState(wrong);
  return (
    <section className="card settings" aria-label="Model and settings">
      <div className="settings-row">
        <ModelPicker value={draft} disabled={readOnly} onChange={({provider, model}) => onChange({provider, model})} />
        <NumberField label="Temperature" value={draft.temperature} error={problems.temperature} disabled={readOnly}
          placeholder="model’s own"
          onChange={(temperature) => onChange({temperature})} />
        <NumberField label="Max output tokens" inputMode="numeric" value={draft.maxOutputTokens}
          error={problems.maxOutputTokens} disabled={readOnly}
          placeholder="model’s own" onChange={(maxOutputTokens) => onChange({maxOutputTokens})} />
      </div>
      <details className="more" open={open || wrong} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>More settings{more && <span className="faint"> · {more}</span>}</summary>
        <div className="settings-row two">
          <NumberField label="Top P" value={draft.topP} error={problems.topP} disabled={readOnly}
            placeholder="model’s own"
            hint="Change this or the temperature, not both." onChange={(topP) => onChange({topP})} />
          <StopSequences {...props} />
        </div>
      </details>
    </section>
  );
}

const toolTemplate = {
  name: 'get_weather', description: 'Says what the weather is like in a place.',
  parameters: {type: 'object', properties: {place: {type: 'string', description: 'A city.'}}, required: ['place']},
};
const schemaTemplate = {
  type: 'object',
  properties: {answer: {type: 'string'}, confident: {type: 'boolean'}},
  required: ['answer', 'confident'],
  additionalProperties: false,
};

function addTool(text: string): string {
  const tools = text.trim() === '' ? [] : (JSON.parse(text) as {name: string}[]);
  const taken = new Set(tools.map((tool) => tool.name));
  let name = toolTemplate.name;
  for (let i = 2; taken.has(name); ++i) name = `${toolTemplate.name}_${i}`;
  return JSON.stringify([...tools, {...toolTemplate, name}], null, 2);
}

// Opens by itself when something in it is wrong, and stays open when that is mended.
function Fold({title, state, wrong, children}: {title: string; state: string; wrong: boolean; children: ReactNode}) {
  const [open, setOpen] = useState(wrong);
  return (
    <details className="fold" open={open || wrong} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title} <span className={wrong ? 'has-errors' : 'faint'}>{wrong ? 'has a mistake'
        : state}</span></summary>
      <div className="column">{children}</div>
    </details>
  );
}

// An editor that was there stays while its text is empty for a moment; only removing it takes it away.
function useShown(has: boolean): [boolean, () => void] {
  const [shown, setShown] = useState(has);
  if (has && !shown) setShown(true);
  return [has || shown, () => setShown(false)];
}

export function ToolsAndSchema({draft, problems, readOnly, onChange}: Props) {
  const names = toolNames(draft.tools);
  const has = {tools: draft.tools.trim() !== '', schema: draft.outputSchema.trim() !== ''};
  const [toolsShown, hideTools] = useShown(has.tools);
  const [schemaShown, hideSchema] = useShown(has.schema);
  const chosen = draft.toolChoice.startsWith('tool:') ? draft.toolChoice.slice(5) : null;
  const choices = [
    {value: '', label: 'Leave it to the provider'},
    {value: 'auto', label: 'The model decides'},
    {value: 'required', label: 'At least one tool'},
    {value: 'none', label: 'No tool'},
    ...[...new Set([...names, ...(chosen ? [chosen] : [])])].map((name) =>
      ({value: `tool:${name}`, label: `Always ${name}`})),
  ];
  const {tools: toolsProblem, outputSchema: schemaProblem} = problems;
  return (
    <section className="card" aria-label="Tools and output">
      <Fold title="Tools" state={names.length ? names.join(', ') : 'none'}
        wrong={Boolean(toolsProblem ?? problems.toolChoice)}>
          {toolsShown && <JsonText label="Tools" value={draft.tools} onChange={(tools) => onChange({tools})}
            readOnly={readOnly} problem={toolsProblem}
            hint="A list. Each tool has a name, a description that tells the model when to call it, and its parameters as a JSON Schema." />}
          {!readOnly && <div className="row wrapping">
            <Button size="small" icon={<Plus size={13} aria-hidden />} disabled={Boolean(toolsProblem)}
              onClick={() => onChange({tools: addTool(draft.tools)})}>Add a tool</Button>
            {toolsShown && <Button size="small" variant="ghost"
              onClick={() => { hideTools(); onChange({tools: '', toolChoice: ''}); }}>Remove all</Button>}
          </div>}
          {(has.tools || draft.toolChoice) && <SelectField label="Which may the model call" value={draft.toolChoice}
            options={choices}
            disabled={readOnly} error={problems.toolChoice} onChange={(toolChoice) => onChange({toolChoice})} />}
      </Fold>
      <Fold title="Output schema" state={has.schema ? 'the answer is JSON' : 'none, the answer is text'}
        wrong={Boolean(schemaProblem)}>
          {schemaShown && <JsonText label="Output schema" value={draft.outputSchema} readOnly={readOnly}
            problem={schemaProblem}
            hint="A JSON Schema that the answer follows." onChange={(outputSchema) => onChange({outputSchema})} />}
          {!readOnly && <div className="row wrapping">
            {schemaShown
              ? <Button size="small" variant="ghost" onClick={() => { hideSchema(); onChange({outputSchema: ''}); }}>Remove</Button>
              : <Button size="small" icon={<Plus size={13} aria-hidden />}
                  onClick={() => onChange({outputSchema: tidyJson(JSON.stringify(schemaTemplate))})}>Answer as JSON</Button>}
          </div>}
      </Fold>
    </section>
  );
}
