// Provider and model, from the catalog or typed freely (connections have names, and models appear every week).
import {useQuery} from '@tanstack/react-query';
import {useId} from 'react';
import {api, call} from '../api/client';
import {useSession} from '../api/session';
import {Field, TextField} from '../ui';

export interface ModelChoice {
  provider: string;
  model: string;
}

export function useModels() {
  const {project} = useSession();
  return useQuery({queryKey: ['models', project.id], queryFn: () => call(api.GET('/api/v1/models')), staleTime: 300_000});
}

export function ModelPicker({value, onChange}: {value: ModelChoice; onChange: (value: ModelChoice) => void}) {
  const models = useModels();
  const list = useId();
  return (
    <div className="row">
      <TextField label="Provider" value={value.provider} onChange={(provider) => onChange({...value, provider})} />
      <Field label="Model">
        {(control) => <input {...control} className="input" list={list} value={value.model}
          onChange={(event) => onChange({...value, model: event.target.value})} />}
      </Field>
      <datalist id={list}>{models.data?.models.map((entry) => <option key={`${entry.provider}/${entry.model}`} value={entry.model} />)}</datalist>
    </div>
  );
}
