// Values for the {{variables}} of all columns: asked once, sent to each.
import {Card, TextArea} from '../../ui';

export function Variables({
  names,
  values,
  missing,
  onChange,
}: {
  names: readonly string[];
  values: Record<string, string>;
  missing: ReadonlySet<string>; // asked for, and not given when it was to run
  onChange: (name: string, value: string) => void;
}) {
  if (names.length === 0) return null;
  return (
    <Card
      title="Variables"
      className="playground-variables"
      actions={<span className="faint small">The same values go to every column</span>}>
      <div className="playground-values">
        {names.map((name) => (
          <TextArea
            key={name}
            label={<code>{name}</code>}
            rows={1}
            value={values[name] ?? ''}
            data-variable={name}
            error={missing.has(name) && values[name] === undefined ? 'This value is needed to run.' : null}
            spellCheck={false}
            onChange={(value) => onChange(name, value)}
          />
        ))}
      </div>
    </Card>
  );
}
