// A text with {{variables}}: a message of a prompt.
import {TextArea} from '../ui';

export function PromptText({value, onChange, label, readOnly}: {
  value: string;
  onChange: (value: string) => void;
  label: string; // for those who do not see it
  variables?: string[]; // offered as completions after {{
  readOnly?: boolean;
}) {
  return <TextArea label={label} hideLabel value={value} onChange={onChange} readOnly={readOnly} rows={6} />;
}
