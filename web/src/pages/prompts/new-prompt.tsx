// A new prompt: from an example or empty, with a name and a model.
import {FileText} from 'lucide-react';
import {useState, type FormEvent} from 'react';
import {useLocation} from 'wouter';
import {api, call} from '../../api/client';
import {useSession} from '../../api/session';
import {ModelPicker, type ModelChoice} from '../../editor/ModelPicker';
import {Button, Dialog, ErrorNote, TextField} from '../../ui';
import {useAdoptPrompt, usePrompts} from './data';
import {empty, examples, type Example} from './examples';
import {keepVariables} from './kept';

// The model that was used last, because it is one that works here.
function useUsualModel(): ModelChoice {
  const prompts = usePrompts();
  const last = prompts.data?.pages[0]?.prompts.find((prompt) => prompt.model);
  return last?.model ? {provider: last.provider?.toLowerCase() ?? '', model: last.model}
    : {provider: 'openai', model: 'gpt-4o-mini'};
}

export function NewPrompt({open, onOpenChange}: {open: boolean; onOpenChange: (open: boolean) => void}) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="New prompt" wide
      description="Begin with an example and change it, or with a blank page.">
      {open && <Form onCancel={() => onOpenChange(false)} />}
    </Dialog>
  );
}

function Form({onCancel}: {onCancel: () => void}) {
  const {project} = useSession();
  const [, navigate] = useLocation();
  const adopt = useAdoptPrompt();
  const usual = useUsualModel();
  const [example, setExample] = useState<Example>(examples[0]!);
  const [typedName, setTypedName] = useState<string | null>(null);
  const [chosenModel, setChosenModel] = useState<ModelChoice | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const name = typedName ?? example.name;
  const model = chosenModel ?? usual;
  const create = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || !name.trim()) return;
    setBusy(true);
    setError(null);
    try {
      const prompt = await call(api.POST('/api/v1/prompts', {
        body: {...example.content, name: name.trim(), provider: model.provider || null, model: model.model || null},
      }));
      keepVariables(project.id, prompt.slug, example.variables);
      adopt(prompt);
      navigate(`/prompts/${prompt.slug}`);
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <form className="column" onSubmit={create}>
      <fieldset className="example-list">
        <legend className="visually-hidden">Begin with</legend>
        {[...examples, empty].map((each) => (
          <label key={each.key} className="example">
            <input type="radio" name="example" className="visually-hidden" checked={each === example}
              onChange={() => setExample(each)} />
            <span className="example-title"><FileText size={14} aria-hidden />{each.name || 'Empty'}</span>
            <span className="small soft">{each.what}</span>
          </label>
        ))}
      </fieldset>
      <ExampleText example={example} />
      <div className="new-fields">
        <TextField label="Name" value={name} onChange={setTypedName} maxLength={200} autoFocus required
          placeholder="What it is for, such as “Welcome email”" />
        <ModelPicker value={model} onChange={setChosenModel} />
      </div>
      {error !== null && <ErrorNote error={error} />}
      <div className="row end">
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!name.trim()}>Create prompt</Button>
      </div>
    </form>
  );
}

function ExampleText({example}: {example: Example}) {
  return (
    <div className="example-text" tabIndex={0} role="region" aria-label="Its messages">
      {example === empty ? <p className="soft">A system message and a user message, both empty.</p>
        : example.content.content.map((message, i) => (
        <p key={i}><span className="faint small">{message.role}</span>{String(message.content)}</p>
      ))}
    </div>
  );
}
