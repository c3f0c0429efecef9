// The variants of a draft: which version (and, if wanted, which model) each runs, and its share.
import {Plus, Trash2} from 'lucide-react';
import {ModelPicker} from '../../editor/ModelPicker';
import type {Schemas} from '../../api/client';
import {Button, Disclosure, Field, formatDay, IconButton, SelectField, TextField} from '../../ui';
import {Mark, SplitBar} from './split';
import {shares} from './words';

export interface EditVariant {
  id: number;
  key: string;
  version: number;
  weight: number;
  provider: string;
  model: string;
}

export const variantsMax = 10;
export const weightMax = 100;
let nextId = 1;

export function newVariant(version: number, taken: readonly string[], weight = 50): EditVariant {
  const base = `v${version}`;
  let key = base;
  for (let i = 2; taken.includes(key); ++i) key = `${base}-${i}`;
  return {id: nextId++, key, version, weight, provider: '', model: ''};
}

export const editVariants = (variants: Schemas['Experiment']['variants']): EditVariant[] =>
  variants.map((variant) => ({...variant, id: nextId++, provider: variant.provider ?? '', model: variant.model ?? ''}));

export const toInput = (variants: readonly EditVariant[]): Schemas['VariantInput'][] =>
  variants.map(({key, version, weight, provider, model}) => ({
    key,
    version,
    weight,
    provider: provider.trim() || null,
    model: model.trim() || null,
  }));

const keyForm = /^[a-z0-9][a-z0-9_-]{0,63}$/;

export function keyProblem(variants: readonly EditVariant[], at: number): string | null {
  const {key} = variants[at]!;
  if (!keyForm.test(key)) return 'Small letters, digits, “-” and “_”.';
  return variants.findIndex((each) => each.key === key) < at ? 'This name is taken.' : null;
}

// Two variants that would run the same have nothing to compare.
export function sameProblem(variants: readonly EditVariant[]): string | null {
  const all = variants.map(
    ({version, provider, model}) => `${version} ${provider.trim().toLowerCase()} ${model.trim()}`,
  );
  const twin = all.findIndex((each, i) => all.indexOf(each) < i);
  if (twin < 0) return null;
  const first = variants[all.indexOf(all[twin]!)]!;
  return `${first.key} and ${variants[twin]!.key} run the same. Choose another version or model.`;
}

function versionLabel(version: Schemas['PromptVersion']) {
  return [`v${version.version}`, version.labels.join(', '), version.model, version.note, formatDay(version.createdAt)]
    .filter(Boolean)
    .join(' · ');
}

export function Variants({
  variants,
  versions,
  onChange,
}: {
  variants: EditVariant[];
  versions: Schemas['PromptVersion'][];
  onChange: (variants: EditVariant[]) => void;
}) {
  const parts = shares(variants.map((variant) => variant.weight));
  const put = (at: number, change: Partial<EditVariant>) =>
    onChange(variants.map((variant, i) => (i === at ? {...variant, ...change} : variant)));
  const pickVersion = (at: number, version: number) => {
    const variant = variants[at]!;
    const others = variants.filter((_, i) => i !== at).map((each) => each.key);
    // A name that nobody chose follows the version.
    const key = variant.key === newVariant(variant.version, others).key ? newVariant(version, others).key : variant.key;
    put(at, {version, key});
  };
  const same = sameProblem(variants);
  return (
    <fieldset className="column" aria-label="Variants">
      {variants.map((variant, at) => {
        const name = at === 0 ? 'control' : `variant ${at + 1}`;
        const own = versions.find((each) => each.version === variant.version);
        return (
          <div key={variant.id} className="variant-edit">
            <div className="row between">
              <h3 className="row">
                <Mark index={at} />
                {at === 0 ? 'Control' : `Variant ${at + 1}`}
                {at === 0 && <span className="faint small">the others are compared with it</span>}
              </h3>
              {variants.length > 2 && (
                <IconButton
                  size="small"
                  label={`Remove ${name}`}
                  onClick={() => onChange(variants.filter((_, i) => i !== at))}>
                  <Trash2 size={13} aria-hidden />
                </IconButton>
              )}
            </div>
            <div className="variant-fields">
              <SelectField
                label="Version"
                value={String(variant.version)}
                onChange={(value) => pickVersion(at, Number(value))}
                options={versions.map((version) => ({value: String(version.version), label: versionLabel(version)}))}
              />
              <TextField
                label="Name"
                value={variant.key}
                error={keyProblem(variants, at)}
                onChange={(key) => put(at, {key})}
              />
              <Field label="Share" aside={<span className="number small">{parts[at]} %</span>}>
                {(control) => (
                  <input
                    {...control}
                    type="range"
                    className="share"
                    min={1}
                    max={weightMax}
                    value={variant.weight}
                    aria-valuetext={`${parts[at]} %`}
                    onChange={(event) => put(at, {weight: Number(event.target.value)})}
                  />
                )}
              </Field>
              <Field label={`Weight of ${name}`} hideLabel>
                {(control) => (
                  <input
                    {...control}
                    type="number"
                    className="input weight"
                    min={1}
                    max={1000}
                    value={variant.weight}
                    onChange={(event) =>
                      put(at, {weight: Math.min(1000, Math.max(1, Math.round(Number(event.target.value)) || 1))})
                    }
                  />
                )}
              </Field>
            </div>
            <Disclosure
              title={
                <span className="small soft">
                  {variant.model ? `Runs with ${variant.model}` : `Model: ${own?.model ?? 'that of the version'}`}
                </span>
              }>
              <ModelPicker value={variant} onChange={({provider, model}) => put(at, {provider, model})} />
              <p className="field-hint">Empty: the version’s own model.</p>
            </Disclosure>
          </div>
        );
      })}
      <SplitBar variants={variants} />
      {same && (
        <p className="field-error" role="alert">
          {same}
        </p>
      )}
      <div className="row wrapping">
        <Button
          size="small"
          icon={<Plus size={13} aria-hidden />}
          disabled={variants.length >= variantsMax || versions.length === 0}
          onClick={() => {
            const unused =
              versions.find((version) => !variants.some((variant) => variant.version === version.version)) ??
              versions[0]!;
            onChange([
              ...variants,
              newVariant(
                unused.version,
                variants.map((variant) => variant.key),
              ),
            ]);
          }}>
          Add variant
        </Button>
        <Button
          size="small"
          variant="ghost"
          onClick={() => onChange(variants.map((variant) => ({...variant, weight: 50})))}>
          Split evenly
        </Button>
      </div>
    </fieldset>
  );
}
