// How code calls this prompt.
import {useSearchParams} from 'wouter';
import {Link} from 'wouter';
import {CodeBlock, Note, SelectField} from '../../ui';
import type {Prompt} from './data';
import {cpp, curl, keyPlaceholder, python} from './snippets';
import './versions.css';

const languages = [
  {value: 'python', label: 'Python', make: python},
  {value: 'cpp', label: 'C++', make: cpp},
  {value: 'curl', label: 'curl', make: curl},
] as const;

export default function UseTab({prompt}: {prompt: Prompt}) {
  const [params, setParams] = useSearchParams();
  const language = languages.find((each) => each.value === params.get('language')) ?? languages[0];
  const label = params.get('label') && prompt.labels[params.get('label')!] ? params.get('label')! : '';
  const set = (name: string, value: string) => setParams((before) => {
    before.set(name, value);
    return before;
  }, {replace: true});
  const unasked = prompt.defaultLabel
    ? `what “${prompt.defaultLabel}” points at, version ${prompt.labels[prompt.defaultLabel]}`
    : `the newest version, ${prompt.currentVersion}`;
  return (
    <div className="column use">
      <div className="row wrapping use-tools">
        <div className="segments" role="radiogroup" aria-label="Language">
          {languages.map((each) => (
            <label key={each.value} className="segment">
              <input type="radio" name="language" className="visually-hidden" checked={each === language}
                onChange={() => set('language', each.value)} />
              {each.label}
            </label>
          ))}
        </div>
        <SelectField label="Which version runs" hideLabel value={label} onChange={(value) => set('label', value)}
          options={[{value: '', label: 'Default version'},
            ...Object.keys(prompt.labels).map((name) => ({value: name, label: `Label ${name}`}))]} />
      </div>
      <p className="soft">
        {label ? <>This runs what “{label}” points at, version {prompt.labels[label]}. Move the label,
          and the code runs another version.</>
          : <>This runs {unasked}; a running experiment comes first.</>}
      </p>
      <CodeBlock language={language.label}
        code={language.make({url: location.origin, slug: prompt.slug, label: label || null,
          variables: prompt.variables})} />
      <Note>Put an API key in place of <code>{keyPlaceholder}</code>. Keys are made in <Link
        href="/settings/keys">Settings</Link>, and are shown once.</Note>
    </div>
  );
}
