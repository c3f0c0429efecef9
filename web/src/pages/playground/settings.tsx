// How the model answers: randomness, length, tools, form. Empty means that the provider decides.
import {JsonText} from '../../editor/JsonText';
import {Disclosure, NumberField, SelectField, TextArea} from '../../ui';
import type {Settings} from './model';

const choices = [
  {value: '', label: 'As the provider does'},
  {value: 'auto', label: 'The model decides'},
  {value: 'required', label: 'At least one tool'},
  {value: 'none', label: 'No tool'},
];

function toolNames(text: string): string[] {
  try {
    const tools: unknown = JSON.parse(text);
    return Array.isArray(tools) ? tools.map((tool) => tool?.name).filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

function toolsProblem(text: string): string | null {
  if (text.trim() === '') return null;
  try {
    return Array.isArray(JSON.parse(text)) ? null : 'Tools are a list: [{"name": …}]';
  } catch {
    return null; // the editor says what is wrong with the syntax
  }
}

// In a few words, for when the form is folded.
export function summaryOf(settings: Settings): string {
  const tools = toolNames(settings.tools).length;
  return [
    settings.temperature !== null && `temperature ${settings.temperature}`,
    settings.topP !== null && `top P ${settings.topP}`,
    settings.maxOutputTokens !== null && `at most ${settings.maxOutputTokens} tokens`,
    tools > 0 && (tools === 1 ? '1 tool' : `${tools} tools`),
    settings.outputSchema.trim() !== '' && 'answer as JSON',
  ]
    .filter(Boolean)
    .join(' · ');
}

export function SettingsForm({
  settings,
  letter,
  onChange,
}: {
  settings: Settings;
  letter: string;
  onChange: (settings: Settings) => void;
}) {
  const put = (change: Partial<Settings>) => onChange({...settings, ...change});
  const names = toolNames(settings.tools);
  const chosen = settings.toolChoice.startsWith('tool:') ? [settings.toolChoice.slice(5)] : [];
  const tools = [...new Set([...names, ...chosen])].map((name) => ({value: `tool:${name}`, label: `Always ${name}`}));
  return (
    <div className="column">
      <div className="playground-numbers">
        <NumberField
          label="Temperature"
          placeholder="default"
          value={settings.temperature}
          onChange={(temperature) => put({temperature})}
        />
        <NumberField label="Top P" placeholder="default" value={settings.topP} onChange={(topP) => put({topP})} />
        <NumberField
          label="Most tokens"
          placeholder="default"
          inputMode="numeric"
          value={settings.maxOutputTokens}
          onChange={(maxOutputTokens) => put({maxOutputTokens})}
        />
      </div>
      <TextArea
        label="Stop at"
        hint="The model stops before it would write one of these; one a line."
        rows={1}
        value={settings.stopSequences}
        onChange={(stopSequences) => put({stopSequences})}
      />
      <Disclosure title={`Tools${names.length > 0 ? ` (${names.length})` : ''}`}>
        <div className="column">
          <JsonText
            label={`Tools of column ${letter}`}
            value={settings.tools}
            problem={toolsProblem(settings.tools)}
            hint={'A list like [{"name": "get_weather", "description": "…", "parameters": {…}}]'}
            onChange={(text) => put({tools: text})}
          />
          <SelectField
            label="Use of tools"
            value={settings.toolChoice}
            options={[...choices, ...tools]}
            onChange={(toolChoice) => put({toolChoice})}
          />
        </div>
      </Disclosure>
      <Disclosure title={`Answer as JSON${settings.outputSchema.trim() ? ' (on)' : ''}`}>
        <JsonText
          label={`Schema of column ${letter}’s answer`}
          value={settings.outputSchema}
          hint="A JSON Schema that the answer must fit. Empty: free text."
          onChange={(text) => put({outputSchema: text})}
        />
      </Disclosure>
    </div>
  );
}
