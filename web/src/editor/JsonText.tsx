// JSON as text, checked while it is typed.
import {useId} from 'react';
import {Button, later} from '../ui';
import './editor.css';

const CodeEditor = later(() => import('./code-editor'), ({value}) => <pre className="code-waiting json">{value}</pre>);

export function jsonProblem(text: string): string | null {
  if (text.trim() === '') return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

// Indented by two; what is no JSON stays as it is.
export function tidyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function JsonText({value, onChange, label, hint, readOnly, problem, placeholder}: {
  value: string;
  onChange: (value: string) => void;
  label: string;
  hint?: string;
  readOnly?: boolean;
  problem?: string | null; // beyond what the syntax says
  placeholder?: string;
}) {
  const id = useId();
  const error = jsonProblem(value) ?? problem;
  const describedBy = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ') || undefined;
  const tidy = tidyJson(value);
  return (
    <div className="field">
      <div className="row between">
        <span className="legend" aria-hidden>{label}</span>
        {!readOnly && <Button size="small" variant="ghost" disabled={tidy === value}
          onClick={() => onChange(tidy)}>Tidy up</Button>}
      </div>
      <CodeEditor kind="json" value={value} onChange={onChange} label={label} readOnly={readOnly}
        placeholder={placeholder} describedBy={describedBy} invalid={Boolean(error)} />
      {error && <p className="field-error" id={`${id}-error`} role="alert">{error}</p>}
      {hint && <p className="field-hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}
