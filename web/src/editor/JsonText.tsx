// JSON as text, checked while it is typed.
import {TextArea} from '../ui';

export function jsonProblem(text: string): string | null {
  if (text.trim() === '') return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export function JsonText({value, onChange, label, hint, readOnly, problem}: {
  value: string;
  onChange: (value: string) => void;
  label: string;
  hint?: string;
  readOnly?: boolean;
  problem?: string | null; // beyond what the syntax says
}) {
  return (
    <TextArea className="mono" label={label} hint={hint} value={value} onChange={onChange} readOnly={readOnly} rows={8}
      error={jsonProblem(value) ?? problem} spellCheck={false} />
  );
}
