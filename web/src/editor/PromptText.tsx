// A text with {{variables}}: a message of a prompt.
import {later} from '../ui';
import './editor.css';

const CodeEditor = later(() => import('./code-editor'), ({value}) => <pre className="code-waiting prompt">{value}</pre>);

export function PromptText({value, onChange, label, variables, readOnly, placeholder, autoFocus}: {
  value: string;
  onChange: (value: string) => void;
  label: string; // for those who do not see it
  variables?: string[]; // offered as completions after {{
  readOnly?: boolean;
  placeholder?: string;
  autoFocus?: boolean;
}) {
  return (
    <CodeEditor kind="prompt" value={value} onChange={onChange} label={label} variables={variables} readOnly={readOnly}
      placeholder={placeholder} autoFocus={autoFocus} />
  );
}
